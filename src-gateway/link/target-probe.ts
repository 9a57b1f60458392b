import type { Socket } from 'node:net';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol } from '../../shared/ids.ts';
import type { ProbeResult } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';
import type { TargetAddress, TargetDialler } from '../target-address/target-dialler.ts';

/** What a protocol says of a target before any credential: its first line, and its key or certificate. */
export interface SeenIdentity {
  readonly banner: string;
  readonly identity: ProbeResult['identity'];
  /** The protocol or the server's way of signing on has none, which is no failure. */
  readonly identityless?: true;
}

/** Reads a target's identity without signing on; rejects with a MavisError of leg L4, or the signal's reason. */
export type IdentityProbe = (socket: Socket, signal: AbortSignal) => Promise<SeenIdentity>;

export interface TargetProbeParts {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly dialler: Pick<TargetDialler, 'dial'>;
  readonly identityProbes: Partial<Record<Protocol, IdentityProbe>>;
}

type Stage = ProbeResult['stages'][number];

/** Tries the way to a target as far as it goes without a credential (rule 14). A failure is a stage that is not ok, never a rejection. */
export async function probeTarget(parts: TargetProbeParts, protocol: Protocol, target: TargetAddress, signal: AbortSignal): Promise<ProbeResult> {
  const stages: Stage[] = [];
  let begunMs = parts.clock.monotonicMs();
  const done = (stage: Stage['stage'], detail = '', code?: string): void => {
    const now = parts.clock.monotonicMs();
    stages.push({ stage, ok: code === undefined, milliseconds: Math.round((now - begunMs) * 10) / 10, detail: printable(detail), ...(code === undefined ? {} : { code }) });
    begunMs = now;
  };
  let socket: Socket;
  try {
    const reached = await parts.dialler.dial(target, signal, { resolved: (count) => done('resolve', `${count}`) });
    socket = reached.socket;
    done('tcp', reached.address);
  } catch (error) {
    done(stages.length === 0 ? 'resolve' : 'tcp', '', asMavisError(error).code);
    return { stages, identity: null };
  }
  const probe = parts.identityProbes[protocol];
  try {
    if (probe === undefined) return { stages, identity: null };
    const seen = await probe(socket, signal);
    done('banner', seen.banner);
    if (seen.identityless !== true) done('identity', '', seen.identity === null ? 'target.protocol-error' : undefined);
    return { stages, identity: seen.identity };
  } catch (error) {
    done('banner', '', asMavisError(error).code);
    return { stages, identity: null };
  } finally {
    // Whatever the target still sends is no concern of anybody.
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

/** A target's text is hostile: control characters become dots, and it is cut. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '.').slice(0, 200);
}
