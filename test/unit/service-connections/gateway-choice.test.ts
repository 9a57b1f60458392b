import { randomInt, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GatewayState } from '../../../shared/api/gateways.ts';
import { gatewayId, protocol, type Protocol } from '../../../shared/ids.ts';
import { chooseGateway, type ChoosableGateway } from '../../../src-service/choice/gateway-choice.ts';
import { portOrder } from '../../../src-service/choice/port-order.ts';
import { defaultPortPreference } from '../../../shared/gateway-configuration.ts';

function makeGateway(parts: Partial<ChoosableGateway> = {}): ChoosableGateway {
  return { id: gatewayId.parse(randomUUID()), segment: 'gateway-office1', state: 'available', carries: new Set(protocol.options), ejected: false, ...parts };
}

function choose(gateways: ChoosableGateway[], parts: { tags?: string[]; protocol?: Protocol; tried?: ChoosableGateway[]; random?: (bound: number) => number } = {}) {
  return chooseGateway({ gateways, tags: parts.tags ?? [], protocol: parts.protocol ?? 'ssh', tried: new Set((parts.tried ?? []).map(({ id }) => id)), randomInt: parts.random ?? ((bound) => randomInt(bound)) });
}

/** The chi-square statistic of draws over a pool. */
function chiSquare(gateways: ChoosableGateway[], tags: string[], pool: number, draws: number): { statistic: number; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  for (let draw = 0; draw < draws; draw += 1) {
    const choice = choose(gateways, { tags });
    if (choice.kind === 'chosen') counts.set(choice.gateway.id, (counts.get(choice.gateway.id) ?? 0) + 1);
  }
  const expected = draws / pool;
  const statistic = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return { statistic, counts };
}

/** Chi-square for 4 degrees of freedom at p = 0.000000001: a right choice fails this once in a billion runs. */
const CRITICAL_4 = 48.6;

describe('the choice of a gateway', () => {
  const office = Array.from({ length: 3 }, () => makeGateway());
  const aws = Array.from({ length: 2 }, () => makeGateway({ segment: 'gateway-aws' }));
  const all = [...office, ...aws];

  test('S6, S27: an untagged resource gets any available gateway, each with equal chance', () => {
    const { statistic, counts } = chiSquare(all, ['linux'], 5, 10_000);
    expect(counts.size).toBe(5);
    expect(statistic).toBeLessThan(CRITICAL_4);
  });

  test('S8, S30, S48: a tagged resource gets an available gateway of that segment only, each with equal chance', () => {
    const { statistic, counts } = chiSquare(all, ['gateway-office1', 'linux'], 3, 10_000);
    expect([...counts.keys()].toSorted()).toEqual(office.map(({ id }) => id).toSorted());
    expect(statistic).toBeLessThan(CRITICAL_4);
  });

  test('S47: several segment tags are the union of their gateways', () => {
    const { counts } = chiSquare([...all, makeGateway({ segment: 'gateway-gcp' })], ['gateway-office1', 'gateway-aws'], 5, 2_000);
    expect([...counts.keys()].toSorted()).toEqual(all.map(({ id }) => id).toSorted());
  });

  test('rule 6: a tag that names no segment refuses, also beside one that does, and never falls back', () => {
    expect(choose(all, { tags: ['gateway-nowhere'] })).toEqual({ kind: 'segment-unknown', segment: 'gateway-nowhere' });
    expect(choose(all, { tags: ['gateway-office1', 'gateway-nowhere'] })).toEqual({ kind: 'segment-unknown', segment: 'gateway-nowhere' });
  });

  test.each<GatewayState>(['pending', 'unavailable', 'draining', 'disabled'])('S17: a gateway that is %s is never chosen', (state) => {
    expect(choose([makeGateway({ state })])).toEqual({ kind: 'none-available', segment: '' });
    expect(choose([makeGateway({ state })], { tags: ['gateway-office1'] })).toEqual({ kind: 'none-available', segment: 'gateway-office1' });
  });

  test('a degraded gateway is chosen only for what its ports still carry', () => {
    const degraded = makeGateway({ state: 'degraded', carries: new Set(['rdp'] as const) });
    expect(choose([degraded], { protocol: 'rdp' }).kind).toBe('chosen');
    expect(choose([degraded], { protocol: 'ssh' }).kind).toBe('none-available');
  });

  test('S11: a gateway that was tried is not chosen again', () => {
    const [first, second] = [makeGateway(), makeGateway()];
    expect(choose([first, second], { tried: [first] })).toEqual({ kind: 'chosen', gateway: second });
    expect(choose([first, second], { tried: [first, second] }).kind).toBe('none-available');
  });

  test('rule 5: an ejected gateway is left out, but never the last one', () => {
    const [ejected, good] = [makeGateway({ ejected: true }), makeGateway()];
    for (let draw = 0; draw < 100; draw += 1) expect(choose([ejected, good])).toEqual({ kind: 'chosen', gateway: good });
    expect(choose([ejected])).toEqual({ kind: 'chosen', gateway: ejected });
    expect(choose([ejected, good], { tried: [good] })).toEqual({ kind: 'chosen', gateway: ejected });
  });
});

describe('the order of proxy ports', () => {
  const preference = defaultPortPreference([7993, 7994, 7995]);
  const carriesAll = [7993, 7994, 7995].map((port) => ({ port, open: true, protocols: [...protocol.options] }));

  test('S61, S75: each protocol begins with its own port and may use the others', () => {
    const first = (name: Protocol) => portOrder(preference, carriesAll, name, (bound) => randomInt(bound))[0];
    expect([first('ssh'), first('sftp'), first('rdp'), first('vnc')]).toEqual([[7993], [7993], [7994], [7995]]);
  });

  test('S74: ports of equal preference come in both orders', () => {
    const orders = new Set(Array.from({ length: 200 }, () => String(portOrder(preference, carriesAll, 'ssh', (bound) => randomInt(bound))[1])));
    expect([...orders].toSorted()).toEqual(['7994,7995', '7995,7994']);
  });

  test('a closed port, or one that does not carry the protocol, is not offered', () => {
    const ports = [{ port: 7993, open: false, protocols: [...protocol.options] }, { port: 7994, open: true, protocols: ['rdp' as const] }, { port: 7995, open: true, protocols: [...protocol.options] }];
    expect(portOrder(preference, ports, 'ssh', () => 0)).toEqual([[7995]]);
  });
});
