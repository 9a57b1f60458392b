import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';

/**
 * Lets work of a session run that nobody waits for. Where it fails, `failed` is told once, with `internal` for what nobody foresaw,
 * and ends that session: with its code, its final entry, and its recording sealed as incomplete. Left to itself such a rejection
 * would end the gateway with all its sessions.
 */
export function sessionWork(work: Promise<unknown> | undefined, failed: (error: MavisError) => void): void {
  work?.catch((error: unknown) => failed(asMavisError(error)));
}
