import type { Socket } from 'node:net';
import { asMavisError } from '../../../shared/errors/mavis-error.ts';
import type { ExplainedWays } from '../../network/ways-out.ts';
import { proxyName, type WayOut } from '../../network/way-out.ts';
import type { Check } from '../check.ts';
import { openWay, type Place } from '../way-to-service.ts';

/** Which proxy applies on the way to the service, who named it, and whether it lets us through (407 and all else that proxies say). */
export function wayOutProxy(place: Place, explain: () => Promise<ExplainedWays>): Check {
  return {
    id: 'proxy', check: 'proxy', subject: { kind: 'device' }, leg: 'client',
    limitMs: 6000,
    run: async (signal, tries) => {
      const { source, ways } = await tries.note('read', `${place.host}:${place.port}`, explain, ({ source: named, ways: found }) => `${named}: ${found.map(nameOf).join(', ')}`);
      const facts = { check: 'proxy', source, ways: ways.map(nameOf) } as const;
      const first = ways.find(({ kind }) => kind !== 'direct');
      if (first === undefined) return { verdict: 'good', facts: { ...facts, code: null, args: {} } };
      const opened = await openWay(place, [first], undefined, tries, signal);
      if (opened.kind === 'open') closeQuietly(opened.socket);
      if (opened.kind !== 'proxy-failed') return { verdict: 'good', facts: { ...facts, code: null, args: {} } };
      const { code, args } = asMavisError(opened.error);
      return { verdict: 'bad', facts: { ...facts, code, args: { ...args } } };
    },
  };
}

function nameOf(way: WayOut): string {
  if (way.kind === 'direct') return 'DIRECT';
  return way.kind === 'unsupported' ? `${way.scheme} ${way.proxy}` : `PROXY ${proxyName(way)}`;
}

function closeQuietly(socket: Socket): void {
  socket.on('error', () => undefined).destroy();
}
