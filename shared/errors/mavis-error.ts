import type { ConnectionReference } from '../ids.ts';
import { catalogue, type CatalogueEntry, type ErrorArgs, type ErrorCode } from './catalogue.ts';

/**
 * An error of the catalogue. Its message is the code, in English and for logs; people are shown the catalogue's text.
 * `cause` keeps what was caught, for the log; it never crosses a process border.
 */
export class MavisError extends Error {
  override readonly name = 'MavisError';
  readonly code: ErrorCode;
  readonly args: ErrorArgs;
  readonly reference: ConnectionReference | undefined;

  constructor(code: ErrorCode, args: ErrorArgs = {}, options: { cause?: unknown; reference?: ConnectionReference } = {}) {
    super(code, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.args = args;
    this.reference = options.reference;
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }
}

/** The error itself, or `internal` around anything unforeseen. */
export function asMavisError(thrown: unknown): MavisError {
  return thrown instanceof MavisError ? thrown : new MavisError('internal', {}, { cause: thrown });
}
