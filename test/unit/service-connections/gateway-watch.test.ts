import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultPortPreference } from '../../../shared/gateway-configuration.ts';
import { gatewayId, protocol, type GatewayId } from '../../../shared/ids.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { GatewayStatusReport } from '../../../shared/link/messages.ts';
import type { GatewayRow } from '../../../src-service/gateways/gateway-record.ts';
import { GatewayWatch, type GatewayWatchParts } from '../../../src-service/gateways/gateway-watch.ts';
import { StatusSync } from '../../../src-service/gateways/status-sync.ts';
import { GatewayLink } from '../../../src-service/link/gateway-link.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

const ports = [7993, 7994, 7995];
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const STEP_MS = 100;

function makeRow(name: string): GatewayRow {
  const at = new Date('2026-03-01T08:00:00.000Z');
  return {
    id: gatewayId.parse(randomUUID()), name, segment: null, host: '127.0.0.1', reachedThrough: 'direct', linkPort: 443, proxyPorts: ports, portPreference: defaultPortPreference([7993, 7994, 7995]),
    tlsKey: 'tls', signingKey: 'signing', nextTlsKey: null, nextSigningKey: null, formerSigningKeys: [], keysChangedAt: null, serviceKeysToldAt: null,
    state: 'available', stateCode: null, stateDetail: '', stateChangedAt: at, confirmedAt: at, ejectedAt: null, draining: false, disabled: false, sessions: 0, version: '1', roundTripMs: 1, clockDifferenceMs: 0, loadCpu: 0, loadMemoryBytes: 0, over443: true,
    ports: [], leaseHolder: null, leaseEpoch: 1, journal: 0, journalCursor: 0, journalHash: null, createdAt: at, updatedAt: at, removedAt: null,
  };
}

/** A watch over gateways of which a test says how each answers, on a clock that stands still until it is moved. */
class World {
  readonly clock = new ManualClock();
  readonly rows: GatewayRow[];
  /** A status of a gateway that hangs waits for its whole limit. */
  readonly hung = new Set<GatewayId>();
  readonly statuses = new Map<GatewayId, number[]>();
  readonly outAtMs = new Map<GatewayId, number>();
  readonly confirmedAtMs = new Map<GatewayId, number>();
  listings = 0;
  /** Gateways whose lease another instance holds. */
  readonly elsewhere = new Set<GatewayId>();
  free: GatewayId[] = [];
  drain: () => Promise<void> = async () => undefined;
  databaseGone = false;
  head = 0;
  busy: GatewayId[] = [];
  readonly drained: GatewayId[] = [];
  readonly watch: GatewayWatch;

  constructor(count: number) {
    this.rows = Array.from({ length: count }, (_, place) => makeRow(`gw-${place}`));
    const { clock } = this;
    const service = { now: () => new Date(clock.wallMs()), monotonicMs: () => clock.monotonicMs() };
    const delay = (milliseconds: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(new Error('ended'));
        const timer = clock.setTimer(resolve, milliseconds);
        signal.addEventListener('abort', () => {
          timer.cancel();
          reject(new Error('ended'));
        }, { once: true });
      });
    const sync = new StatusSync({
      clock: service, delay, measured: () => undefined,
      states: {
        confirm: async (id) => void this.confirmedAtMs.set(id, clock.monotonicMs()),
        fail: async (id) => void this.outAtMs.set(id, this.outAtMs.get(id) ?? clock.monotonicMs()),
      },
    });
    const links = new Map(this.rows.map((row) => [row.id, this.#link(row, delay)]));
    const parts: GatewayWatchParts = {
      clock: service, delay, log: quiet, sync,
      gateways: {
        list: async () => {
          this.listings += 1;
          return this.rows;
        },
        read: async (id) => this.#row(id),
      },
      lease: { take: async (id) => (this.databaseGone ? Promise.reject(new Error('gone')) : this.elsewhere.has(id) ? null : { epoch: 1, row: this.#row(id) }), heartbeat: async () => this.free, release: async () => undefined },
      journal: {
        restarted: async () => false,
        drain: async (id) => {
          this.drained.push(id);
          await this.drain();
          return { events: 0, completeAt: new Date(clock.wallMs()), recordingsClosed: false };
        },
      },
      linkTo: ({ id }) => {
        const link = links.get(id);
        if (link === undefined) throw new Error('no such link');
        return link;
      },
      forget: () => undefined, flushTerminations: async () => true, announceAddresses: async () => undefined, announceKeys: async () => undefined, followKeys: async () => undefined, busyGateways: async () => this.busy, drained: async () => undefined, pullRecordings: async () => true, closeOverdue: async () => 0,
    };
    this.watch = new GatewayWatch(parts);
  }

  /** Lets time pass in small steps, each with all that follows from it. */
  async pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += STEP_MS) {
      this.clock.advance(STEP_MS);
      await setImmediate();
      await setImmediate();
    }
  }

  first(): GatewayRow {
    return this.#row(this.rows[0]?.id);
  }

  #row(id: GatewayId | undefined): GatewayRow {
    const row = this.rows.find((one) => one.id === id);
    if (row === undefined) throw new MavisError('request.not-found');
    return row;
  }

  #link(row: GatewayRow, delay: GatewayWatchParts['delay']): GatewayLink {
    const link = new GatewayLink({ address: { gatewayName: row.name, host: '127.0.0.1', port: 1, pins: [] }, identity: { keyPem: '', certificatePem: '' }, random: () => 0, onControlOpen: () => undefined, onControlLost: () => undefined });
    link.status = async (_epoch, { timeLimitMs, signal }): Promise<GatewayStatusReport> => {
      this.statuses.set(row.id, [...(this.statuses.get(row.id) ?? []), this.clock.monotonicMs()]);
      if (this.hung.has(row.id)) {
        await delay(timeLimitMs, signal ?? new AbortController().signal);
        throw new MavisError('gateway.link-time-out', { gateway: row.name });
      }
      return {
        gatewayId: row.id, version: '1', startedAt: new Date(0).toISOString(), clock: new Date(this.clock.wallMs()).toISOString(), sessions: 0, forwards: 0, draining: false, canRecord: true, spoolFreeBytes: 1e9,
        ports: ports.map((port) => ({ port, open: true, protocols: [...protocol.options] })), shortages: [], load: { cpu: 0, memoryBytes: 0 }, journalHead: { sequence: this.head, hash: '' }, recordings: [],
      };
    };
    return link;
  }
}

let world: World;
async function start(count: number): Promise<World> {
  world = new World(count);
  await world.watch.start();
  await world.pass(15_000);
  return world;
}
afterEach(() => world.watch.stop());

const gaps = (times: readonly number[]): number[] => times.slice(1).map((atMs, place) => atMs - (times[place] ?? 0));

describe('the watch over gateways', () => {
  test('S10, S42: every gateway is asked every 15 s, and many are spread over the interval', async () => {
    await start(300);
    await world.pass(45_000);
    for (const times of world.statuses.values()) expect(gaps(times)).toEqual([15_000, 15_000, 15_000].slice(0, times.length - 1));
    const firsts = [...world.statuses.values()].map(([first = 0]) => first);
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(14_000);
  });

  test('S10-S12: one that hangs right after a good status is out 25.5 s later, within 26 s; going on, it is in at the next sync', async () => {
    await start(1);
    const { id } = world.first();
    const goodMs = world.confirmedAtMs.get(id) ?? Number.NaN;
    world.hung.add(id);
    await world.pass(26_000 + STEP_MS);
    expect((world.outAtMs.get(id) ?? Number.NaN) - goodMs).toBe(25_500);
    const onMs = world.clock.monotonicMs();
    world.hung.delete(id);
    await world.pass(15_000);
    expect((world.confirmedAtMs.get(id) ?? 0) - onMs).toBeGreaterThan(0);
  });

  test('S10: neither a journal that takes long nor another gateway that hangs keeps a gateway from its sync', async () => {
    world = new World(3);
    world.head = 5;
    const reading = Promise.withResolvers<void>();
    world.drain = () => reading.promise;
    world.hung.add(world.first().id);
    await world.watch.start();
    await world.pass(60_000);
    for (const { id } of world.rows.slice(1)) expect(gaps(world.statuses.get(id) ?? [])).toEqual([15_000, 15_000, 15_000]);
    reading.resolve();
  });

  test('S10: where the database does not answer for a moment, no interval is lost', async () => {
    await start(1);
    const { id } = world.first();
    await world.pass(10_000);
    const asked = world.statuses.get(id)?.length ?? 0;
    world.databaseGone = true;
    await world.pass(6_000);
    world.databaseGone = false;
    await world.pass(1_000 + STEP_MS);
    expect(world.statuses.get(id)).toHaveLength(asked + 1);
  });

  test('busy journals are read twice a second; one whose reading does not end holds up none of the others', async () => {
    await start(2);
    const [slow, other] = world.rows.map(({ id }) => id);
    if (slow === undefined || other === undefined) throw new Error('two gateways were wanted');
    world.busy = [slow, other];
    const reading = Promise.withResolvers<void>();
    let first = true;
    world.drain = () => {
      const held = first;
      first = false;
      return held ? reading.promise : Promise.resolve();
    };
    await world.pass(5_000);
    expect(world.drained.filter((id) => id === slow)).toHaveLength(1);
    expect(world.drained.filter((id) => id === other).length).toBeGreaterThanOrEqual(9);
    reading.resolve();
  });

  test.each(['gateway.link-time-out', 'gateway.default-away', 'gateway.not-behind-default'] as const)('a journal whose gateway is not reached (%s) is not asked for again before its next good status', async (code) => {
    await start(1);
    const { id } = world.first();
    world.busy = [id];
    world.drain = () => Promise.reject(new MavisError(code, { gateway: 'gw-0', through: 'entry1' }));
    await world.pass(1_000);
    const asked = world.drained.length;
    expect(asked).toBe(1);
    await world.pass(3_000);
    expect(world.drained).toHaveLength(asked);
    world.drain = async () => undefined;
    await world.pass(17_000);
    expect(world.drained.length).toBeGreaterThan(asked);
  });

  test('a thousand notices that come at once are one or two listings, and each gateway named is asked now', async () => {
    await start(200);
    const before = world.listings;
    const asked = new Map([...world.statuses].map(([id, times]) => [id, times.length]));
    for (const { id } of world.rows) for (let told = 0; told < 5; told += 1) world.watch.changed(id);
    await world.pass(200);
    expect(world.listings - before).toBeLessThanOrEqual(2);
    for (const { id } of world.rows) expect(world.statuses.get(id)?.length).toBeGreaterThan(asked.get(id) ?? 0);
  });

  test('rule 17: the gateways of an instance that is gone are all asked within 15 s of its last word, spread over some seconds', async () => {
    world = new World(40);
    for (const { id } of world.rows) world.elsewhere.add(id);
    await world.watch.start();
    await world.pass(30_000);
    expect(world.statuses.size).toBe(0);
    // Just after each was looked at, the other one falls silent: 5 s later its leases are free.
    const silentMs = world.clock.monotonicMs();
    await world.pass(5_000);
    world.elsewhere.clear();
    world.free = world.rows.map(({ id }) => id);
    await world.pass(1_500);
    world.free = [];
    await world.pass(8_500);
    const firsts = world.rows.map(({ id }) => world.statuses.get(id)?.[0] ?? Number.NaN);
    expect(Math.max(...firsts) - silentMs).toBeLessThan(15_000);
    expect(new Set(firsts).size).toBeGreaterThan(20);
  });

  test('rule 5: a link that stands again is no news of a gateway that answers, and one of a gateway that did not', async () => {
    await start(1);
    const { id } = world.first();
    await world.pass(5_000);
    const asked = world.statuses.get(id)?.length ?? 0;
    world.watch.linkOpened(id);
    await world.pass(500);
    expect(world.statuses.get(id)).toHaveLength(asked);
    world.hung.add(id);
    await world.pass(30_000);
    world.hung.delete(id);
    await world.pass(4_000);
    const failed = world.statuses.get(id)?.length ?? 0;
    world.watch.linkOpened(id);
    await world.pass(200);
    expect(world.statuses.get(id)?.length).toBeGreaterThanOrEqual(failed);
    expect(world.confirmedAtMs.get(id)).toBeGreaterThan(world.outAtMs.get(id) ?? Number.NaN);
  });
});
