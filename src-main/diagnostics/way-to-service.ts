import type { LookupFunction, Socket } from 'node:net';
import { type MavisError, asMavisError } from '../../shared/errors/mavis-error.ts';
import { openThroughProxy } from '../network/open-through-proxy.ts';
import { proxyName, unsupportedWay, type WayOut } from '../network/way-out.ts';
import type { Tries } from './check.ts';
import { probeTcp, type TcpProbe } from './tcp-probe.ts';

/** A proxy answers CONNECT once it has reached the other end. */
const PROXY_LIMIT_MS = 2500;

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** A stream to a place, or why there is none: of the place itself, or of the proxy before it. */
export type OpenedWay = { readonly kind: 'open'; readonly socket: Socket; readonly milliseconds: number; readonly proxy: string | null } | { readonly kind: 'closed'; readonly outcome: Exclude<TcpProbe['outcome'], 'open'> } | { readonly kind: 'proxy-failed'; readonly error: MavisError };

/** The first of the ways that leads there, as the product itself goes through them. */
export async function openWay(place: Place, ways: readonly WayOut[], lookup: LookupFunction | undefined, tries: Tries, signal: AbortSignal): Promise<OpenedWay> {
  const failures: OpenedWay[] = [];
  for (const way of ways) {
    const opened = way.kind === 'direct' ? await straight(place, lookup, tries, signal) : await byProxy(place, way, tries, signal);
    if (opened.kind === 'open') return opened;
    failures.push(opened);
  }
  return failures.find(({ kind }) => kind === 'proxy-failed') ?? failures[0] ?? { kind: 'closed', outcome: 'unreachable' };
}

async function straight(place: Place, lookup: LookupFunction | undefined, tries: Tries, signal: AbortSignal): Promise<OpenedWay> {
  const probe = await probeTcp({ ...place, lookup }, tries, signal);
  return probe.outcome === 'open' ? { kind: 'open', socket: probe.socket, milliseconds: probe.milliseconds, proxy: null } : { kind: 'closed', outcome: probe.outcome };
}

async function byProxy({ host, port }: Place, way: Exclude<WayOut, { kind: 'direct' }>, tries: Tries, signal: AbortSignal): Promise<OpenedWay> {
  const begun = performance.now();
  try {
    if (way.kind === 'unsupported') throw unsupportedWay(way);
    const name = proxyName(way);
    const socket = await tries.note('proxy', `${name} → ${host}:${port}`, () => openThroughProxy({ proxy: way, host, port, timeoutMs: PROXY_LIMIT_MS, signal }));
    return { kind: 'open', socket, milliseconds: Math.round(performance.now() - begun), proxy: name };
  } catch (error) {
    return { kind: 'proxy-failed', error: asMavisError(error) };
  }
}
