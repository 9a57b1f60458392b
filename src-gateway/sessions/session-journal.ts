import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { Journal, JournalFacts } from '../journal/journal.ts';
import type { Logger } from '../logging/logger.ts';
import type { ProxyConnection } from '../proxy-port/proxy-connection.ts';
import { ForwardingCounts } from './forwarding-counts.ts';
import type { ForwardingEvent, LineState, SessionEnd, SignedOnTarget } from './protocol-handler.ts';

/** So many cuts of one session are each an entry of the journal, and then each how many-th: a client that comes and goes in a loop fills no disk. */
const TOLD_CUTS = 100;
const TOLD_CUTS_EVERY = 100;

export interface SessionJournalParts {
  readonly journal: Pick<Journal, 'append' | 'appendDurably'>;
  readonly log: Logger;
  readonly grant: TargetGrant;
  /** Where the target was reached. */
  readonly where: () => JournalFacts;
}

/** What is known of a session at its end beside the protocol's own word. */
export interface EndFacts {
  readonly code: ErrorCode;
  readonly recordingIds: readonly RecordingId[];
  readonly durationMs: number;
  readonly bytes: { readonly in: number; readonly out: number };
}

/** What the gateway's journal and log say of one session. */
export class SessionJournal {
  readonly #parts: SessionJournalParts;
  readonly #forwardings = new ForwardingCounts();
  #cuts = 0;

  constructor(parts: SessionJournalParts) {
    this.#parts = parts;
  }

  /** Resolves when it is on the disk: neither a replay nor a restart uses the ticket twice (rule 2). */
  async ticketUsed(ticketSha256: string, { address, port }: Pick<ProxyConnection, 'address' | 'port'>): Promise<void> {
    const { journal, grant } = this.#parts;
    await journal.appendDurably({ ...this.#who(), kind: 'ticket-used', facts: { ticketSha256, protocol: grant.protocol, address, port, ...this.#about() } });
  }

  /** Throws where the journal takes no more: nothing runs that is not written down. */
  connected(recordingId: RecordingId, { targetIdentity, targetEncrypted }: Pick<SignedOnTarget, 'targetIdentity' | 'targetEncrypted'>): void {
    const { journal, grant, where } = this.#parts;
    journal.append({ ...this.#who(), kind: 'connected', facts: { recordingId, protocol: grant.protocol, targetIdentity, targetEncrypted, ...where(), ...this.#about() } });
  }

  /** The one final entry of a session that was connected. */
  ended({ code, recordingIds, durationMs, bytes }: EndFacts, { exitStatus, signal }: SessionEnd, { targetIdentity }: Pick<SignedOnTarget, 'targetIdentity'>): void {
    const { log, grant, where } = this.#parts;
    this.#write('ended', {
      code,
      recordingId: recordingIds[0] ?? null,
      recordings: recordingIds.length,
      durationMs,
      bytesIn: bytes.in,
      bytesOut: bytes.out,
      cuts: this.#cuts,
      exitStatus,
      signal,
      protocol: grant.protocol,
      targetIdentity,
      ...this.#forwardings.facts,
      ...where(),
      ...this.#about(),
    });
    log.info('session ended', { reference: grant.reference, code, protocol: grant.protocol, bytes: bytes.in + bytes.out });
  }

  /** The one final entry of a session that was not. Resolves when it is on the disk, or the disk does not take it now; then it is tried again without anybody waiting. */
  async failed(error: MavisError, credentialSent: boolean): Promise<void> {
    const { journal, log, grant, where } = this.#parts;
    const unforeseen = error.code === 'internal';
    log[unforeseen ? 'error' : 'info']('connection failed', { reference: grant.reference, code: error.code, protocol: grant.protocol, error: error.cause ?? (unforeseen ? error : undefined) });
    const seen = error.args['fingerprint'] ?? error.args['seen'];
    if (typeof seen === 'string') this.#write('identity-seen', { code: error.code, fingerprint: seen, ...this.#about() });
    const facts = {
      code: error.code,
      credentialSent,
      protocol: grant.protocol,
      because: error.cause instanceof Error && error.code === 'target.address-forbidden' ? error.cause.message : null,
      ...where(),
      ...this.#about(),
    };
    try {
      await journal.appendDurably({ ...this.#who(), kind: 'failed', facts });
    } catch (thrown) {
      // Where the disk refused, the entry waits in memory and is written when it can be; only a journal that is closed or full has not taken it.
      log.error('entry not on the disk yet', { reference: grant.reference, what: 'failed', error: thrown });
    }
  }

  /** The client's connection was cut, or the session was taken up again. */
  line(state: LineState, facts: JournalFacts): void {
    if (state === 'interrupted') this.#cuts += 1;
    if (this.#cuts > TOLD_CUTS && this.#cuts % TOLD_CUTS_EVERY !== 0) return;
    this.#write(state === 'interrupted' ? 'cut' : 'resumed', { ...facts, cuts: this.#cuts });
    this.#parts.log.info(state === 'interrupted' ? 'session interrupted' : 'session resumed', { reference: this.#parts.grant.reference, count: this.#cuts });
  }

  forwarding(event: ForwardingEvent): void {
    const told = this.#forwardings.take(event);
    if (told !== undefined) this.#write('forwarding', { what: event.what, event: told, ...this.#about() });
  }

  #write(kind: 'ended' | 'identity-seen' | 'forwarding' | 'cut' | 'resumed', facts: JournalFacts): void {
    const { journal, log, grant } = this.#parts;
    try {
      journal.append({ ...this.#who(), kind, facts });
    } catch (error) {
      log.error('journal takes no more entries', { reference: grant.reference, what: kind, error });
    }
  }

  #who(): { connectionId: TargetGrant['connectionId']; reference: TargetGrant['reference'] } {
    const { connectionId, reference } = this.#parts.grant;
    return { connectionId, reference };
  }

  #about(): JournalFacts {
    const { user, resource } = this.#parts.grant;
    return { userId: user.id, userName: user.name, resourceId: resource.id, resourceName: resource.name };
  }
}
