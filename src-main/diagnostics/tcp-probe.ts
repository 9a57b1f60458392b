import { connect, type LookupFunction, type Socket } from 'node:net';
import type { TcpOutcome } from '../../shared/diagnostics/check-result.ts';
import { systemCode, type Tries } from './check.ts';

/** A port that is there answers within its round trip; firewalls that drop answer never. */
export const TCP_LIMIT_MS = 2500;

export interface TcpPlace {
  readonly host: string;
  readonly port: number;
  readonly lookup?: LookupFunction | undefined;
}

export type TcpProbe = { readonly outcome: 'open'; readonly socket: Socket; readonly milliseconds: number } | { readonly outcome: Exclude<TcpOutcome, 'open'>; readonly milliseconds: number };

/** Opens a TCP connection and says what the port did; whoever gets an open one closes it. Never rejects. */
export async function probeTcp({ host, port, lookup }: TcpPlace, tries: Tries, signal: AbortSignal, limitMs = TCP_LIMIT_MS): Promise<TcpProbe> {
  const begun = performance.now();
  const passed = (): number => Math.round((performance.now() - begun) * 10) / 10;
  try {
    const socket = await tries.note('tcp', `${host}:${port}`, () => open({ host, port, lookup }, signal, limitMs));
    return { outcome: 'open', socket, milliseconds: passed() };
  } catch (error) {
    return { outcome: closedOutcome(systemCode(error)), milliseconds: passed() };
  }
}

function open({ host, port, lookup }: TcpPlace, signal: AbortSignal, limitMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, ...(lookup === undefined ? {} : { lookup }) });
    let settled = false;
    const settle = (): void => {
      settled = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
    };
    const fail = (error: Error): void => {
      if (settled) return;
      settle();
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const onAbort = (): void => fail(new TimedOut());
    const onError = (error: Error): void => fail(error);
    // What has come meanwhile counts, where this computer was too busy to look: the network is polled between the two.
    const timer = setTimeout(() => setImmediate(() => fail(new TimedOut())), limitMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket.once('error', onError).once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

class TimedOut extends Error {
  readonly code = 'ETIMEDOUT';
  constructor() {
    super('nothing came back');
  }
}

const outcomes: Readonly<Record<string, Exclude<TcpOutcome, 'open'>>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'dropped',
  ECONNRESET: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
};

/** Names that are not found have no address to try; anything that is not known says that nothing leads there. */
function closedOutcome(code: string | undefined): Exclude<TcpOutcome, 'open'> {
  if (code === undefined) return 'unreachable';
  return outcomes[code] ?? (/^E(?:NOTFOUND|AI_)/.test(code) ? 'no-address' : 'unreachable');
}
