import type { Duplex, Writable } from 'node:stream';
import { sessionWork } from '../sessions/session-work.ts';
import { Relay } from './relay.ts';

export interface JoinedChannels {
  readonly client: Duplex;
  readonly target: Duplex;
  /** The connections under the two channels. */
  readonly clientWire: Writable;
  readonly targetWire: Writable;
  /** Called with each piece on its way. */
  readonly taken: (from: 'client' | 'target', bytes: number) => void;
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** Called when either side has ended or gone and what it sent has been handed on. The owner closes both. */
  readonly ended: () => void;
}

/** Carries two channels' bytes into each other, unseen but counted, with back-pressure each way, until the signal. */
export function joinChannels({ client, target, clientWire, targetWire, taken, failed, signal, ended }: JoinedChannels): void {
  for (const one of [client, target]) one.on('error', () => undefined);
  const count = (from: 'client' | 'target') => (chunk: Buffer): undefined => {
    taken(from, chunk.length);
    return undefined;
  };
  const out = new Relay({ from: client, to: target, wire: targetWire, take: count('client'), failed, signal });
  const back = new Relay({ from: target, to: client, wire: clientWire, take: count('target'), failed, signal });
  client.once('end', () => sessionWork(out.drained().then(() => target.end()), failed));
  target.once('end', () => sessionWork(back.drained().then(ended), failed));
  client.once('close', ended);
  target.once('close', ended);
}
