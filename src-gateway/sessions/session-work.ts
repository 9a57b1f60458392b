import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';

/**
 * Lets work of a session run that nobody waits for. Where it fails, `failed` is told once, with `internal` for what nobody foresaw,
 * and ends that session: with its code, its final entry, and its recording sealed as incomplete. Left to itself such a rejection
 * would end the gateway with all its sessions.
 */
export function sessionWork(work: Promise<unknown> | undefined, failed: (error: MavisError) => void): void {
  work?.catch((error: unknown) => failed(asMavisError(error)));
}

/** The code by which a recording is sealed as incomplete where its session fell for this reason; null for every other end, after which it is whole. */
export function faultCode(reason: unknown): string | null {
  return reason instanceof MavisError && reason.code === 'internal' ? reason.code : null;
}
