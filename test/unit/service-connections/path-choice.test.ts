import { randomInt, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GatewayState } from '../../../shared/api/gateways.ts';
import type { TunnelDefault } from '../../../shared/api/tunnel.ts';
import { type GatewayId, gatewayId, protocol } from '../../../shared/ids.ts';
import { chooseLinkHop, choosePath, type Path, type PathGateway } from '../../../src-service/choice/path-choice.ts';

function makeGateway(parts: Partial<PathGateway> = {}): PathGateway {
  return { id: gatewayId.parse(randomUUID()), segment: 'gateway-office1', state: 'available', carries: new Set(protocol.options), ejected: false, reachedThrough: 'direct', ...parts };
}

const entry = [makeGateway({ segment: 'gateway-entry' }), makeGateway({ segment: 'gateway-entry' }), makeGateway({ segment: 'gateway-entry' })];
const office = [makeGateway(), makeGateway(), makeGateway()];
const aws = [makeGateway({ segment: 'gateway-aws' })];
const all = [...entry, ...office, ...aws];
const [defaultGateway = makeGateway()] = entry;
const one: TunnelDefault = { kind: 'gateway', gatewayId: defaultGateway.id };
const segment: TunnelDefault = { kind: 'segment', segment: 'gateway-entry' };

function choose(parts: { gateways?: PathGateway[]; tags?: string[]; tried?: PathGateway[]; tunnel?: boolean; through?: TunnelDefault | null } = {}): Path<PathGateway> {
  return choosePath({ gateways: parts.gateways ?? all, tags: parts.tags ?? [], protocol: 'ssh', tried: new Set((parts.tried ?? []).map(({ id }) => id)), tunnel: parts.tunnel ?? true, through: parts.through === undefined ? one : parts.through, randomInt: (bound) => randomInt(bound) });
}

/** Chi-square over equal classes. */
function statistic(counts: Iterable<number>, expected: number): number {
  return [...counts].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('the way of a connection in Tunnel mode', () => {
  test('S22, S41: without a segment tag the default gateway itself reaches the target, in one hop', () => {
    for (let draw = 0; draw < 200; draw += 1) expect(choose()).toEqual({ kind: 'path', first: null, last: defaultGateway });
  });

  test('S22, S31: with a segment tag the default gateway comes first, and a gateway of the segment reaches the target', () => {
    for (let draw = 0; draw < 200; draw += 1) {
      const path = choose({ tags: ['gateway-office1'] });
      expect(path).toMatchObject({ kind: 'path', first: defaultGateway });
      expect(path.kind === 'path' && office.includes(path.last)).toBe(true);
    }
  });

  test('rule 8: where the chosen gateway is the default gateway there is one hop', () => {
    expect(choose({ gateways: [defaultGateway], tags: ['gateway-entry'] })).toEqual({ kind: 'path', first: null, last: defaultGateway });
    for (let draw = 0; draw < 50; draw += 1) {
      const path = choose({ tags: ['gateway-entry'], through: segment });
      expect(path).toMatchObject({ kind: 'path', first: null });
    }
  });

  test('S22: a default segment gives each of its gateways as first hop, and each of the tagged ones as last, with equal chance and independently', () => {
    const counts = new Map<string, number>();
    const draws = 9_000;
    for (let draw = 0; draw < draws; draw += 1) {
      const path = choose({ tags: ['gateway-office1'], through: segment });
      if (path.kind !== 'path' || path.first === null) throw new Error('two hops were expected');
      expect(entry).toContain(path.first);
      const pair = `${path.first.id} ${path.last.id}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    expect(counts.size).toBe(9);
    // Eight degrees of freedom, p = 0.000000001.
    expect(statistic(counts.values(), draws / 9)).toBeLessThan(58.4);
  });

  test('S22: an untagged resource with a default segment is reached by any of its gateways, with equal chance', () => {
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 6_000; draw += 1) {
      const path = choose({ through: segment });
      if (path.kind !== 'path') throw new Error(path.kind);
      expect(path.first).toBeNull();
      counts.set(path.last.id, (counts.get(path.last.id) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted()).toEqual(entry.map(({ id }) => id).toSorted());
    // Two degrees of freedom, p = 0.000000001.
    expect(statistic(counts.values(), 2_000)).toBeLessThan(41.4);
  });

  test.each<GatewayState>(['pending', 'unavailable', 'draining', 'disabled'])('S17, S31: a default gateway that is %s gives no way, and never a direct one', (state) => {
    const down = { ...defaultGateway, state };
    for (const tags of [[], ['gateway-office1']]) expect(choose({ gateways: [down, ...office], tags })).toEqual({ kind: 'no-default-gateway' });
  });

  test('S17, S31: where no default gateway is configured, or the one that is was tried, there is no way', () => {
    for (const tags of [[], ['gateway-office1']]) {
      expect(choose({ through: null, tags })).toEqual({ kind: 'no-default-gateway' });
      expect(choose({ tried: [defaultGateway], tags })).toEqual({ kind: 'no-default-gateway' });
    }
  });

  test('S17: no available gateway of the tagged segment is told as such, and an unknown segment too (rule 6)', () => {
    expect(choose({ gateways: [defaultGateway, makeGateway({ state: 'unavailable' })], tags: ['gateway-office1'] })).toEqual({ kind: 'none-available', segment: 'gateway-office1' });
    expect(choose({ tags: ['gateway-nowhere'] })).toEqual({ kind: 'segment-unknown', segment: 'gateway-nowhere' });
  });

  test('rule 5: an ejected default gateway is left out while another is there, and is taken where it is the last', () => {
    const ejected = { ...defaultGateway, ejected: true };
    const others = entry.slice(1);
    for (let draw = 0; draw < 100; draw += 1) expect(choose({ gateways: [ejected, ...others], through: segment })).not.toMatchObject({ last: { id: ejected.id } });
    expect(choose({ gateways: [ejected], through: segment })).toEqual({ kind: 'path', first: null, last: ejected });
  });
});

describe('the way of a connection without Tunnel', () => {
  test('S6, S8: there is one hop, whatever the default gateway is', () => {
    for (let draw = 0; draw < 100; draw += 1) {
      expect(choose({ tunnel: false })).toMatchObject({ kind: 'path', first: null });
      const path = choose({ tunnel: false, tags: ['gateway-aws'] });
      expect(path).toEqual({ kind: 'path', first: null, last: aws[0] });
    }
  });

  test('rule 8: a gateway that only the default gateway reaches is behind it all the same, and is never a first hop itself', () => {
    const hidden = makeGateway({ segment: 'gateway-closed', reachedThrough: 'default' });
    expect(choose({ gateways: [...entry, hidden], tunnel: false, tags: ['gateway-closed'] })).toEqual({ kind: 'path', first: defaultGateway, last: hidden });
    expect(choose({ gateways: [hidden], tunnel: false, tags: ['gateway-closed'], through: null })).toEqual({ kind: 'no-default-gateway' });
    expect(choose({ gateways: [hidden], through: { kind: 'segment', segment: 'gateway-closed' } })).toEqual({ kind: 'no-default-gateway' });
    // One of the default segment that only the others of it reach is no way without a beginning either.
    const inEntry = makeGateway({ segment: 'gateway-entry', reachedThrough: 'default' });
    expect(choose({ gateways: [inEntry], tunnel: false, tags: ['gateway-entry'], through: segment })).toEqual({ kind: 'no-default-gateway' });
  });
});

describe('rule 8: the default gateway that the link to a gateway behind it goes through', () => {
  const [former, other] = [makeGateway({ segment: 'gateway-entry' }), makeGateway({ segment: 'gateway-entry' })];
  const link = (gateways: PathGateway[], before?: GatewayId) => chooseLinkHop(gateways, { kind: 'segment', segment: 'gateway-entry' }, before, (bound) => Math.floor(Math.random() * bound))?.id;
  const drawn = (gateways: PathGateway[], before?: GatewayId) => new Set(Array.from({ length: 100 }, () => link(gateways, before)));

  test('any that answers, one that drains too, but not the one of the last time while there is another', () => {
    expect(drawn([former, { ...other, state: 'draining', carries: new Set() }])).toEqual(new Set([former.id, other.id]));
    expect(drawn([former, other], former.id)).toEqual(new Set([other.id]));
    expect(drawn([former], former.id)).toEqual(new Set([former.id]));
  });

  test('one that is not known to answer only where none is, and never one out of use, without a key, of another segment or itself behind', () => {
    expect(drawn([former, { ...other, state: 'unavailable' }], former.id)).toEqual(new Set([former.id]));
    expect(drawn([{ ...former, state: 'unavailable' }, { ...other, state: 'unavailable' }], former.id)).toEqual(new Set([other.id]));
    for (const parts of [{ state: 'disabled' }, { state: 'pending' }, { segment: 'gateway-office1' }, { reachedThrough: 'default' }] as const) expect(link([{ ...former, ...parts }])).toBeUndefined();
  });
});
