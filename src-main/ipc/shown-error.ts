import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConnectionReference } from '../../shared/ids.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';

/** An error as pages get it: the code, the arguments of its texts and the reference; never the cause. */
export function shown(error: MavisError, reference: ConnectionReference | null = null): ShownError {
  return { code: error.code, args: { ...error.args }, reference: error.reference ?? reference };
}
