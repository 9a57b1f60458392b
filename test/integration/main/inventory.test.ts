import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, describe, expect, test } from 'vitest';
import type { ResourceSummary } from '../../../shared/api/resources.ts';
import type { Route } from '../../../shared/api/route.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { resourceId } from '../../../shared/ids.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { IndexThread } from '../../../src-main/inventory/index-thread.ts';
import { noTunnel } from '../../../src-main/inventory/availability.ts';
import { Inventory } from '../../../src-main/inventory/inventory.ts';
import { MarkedResources } from '../../../src-main/inventory/resource-marks.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';

const PROFILE = '77777777-7777-4777-8777-777777777777';
const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const threads: IndexThread[] = [];
afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.stop()));
});

function resource(number: number): ResourceSummary {
  const area = ['tokyo', 'osaka', 'taipei', 'london'][number % 4] ?? '';
  return {
    id: resourceId.parse(uuid(number)), name: `${area}-web-${String(number).padStart(6, '0')}`, address: `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, protocols: ['ssh'], operatingSystem: number % 3 === 0 ? 'windows' : 'linux',
    description: `Server ${number} of the ${area} data centre, rack ${number % 500}`, tags: [`area:${area}`, number % 2 === 0 ? 'gateway-aws' : 'env:prod'],
  };
}

/** A service with so many resources, as far as the inventory asks it. */
class ScriptedInventory {
  revision = 'r1';
  size: number;
  asked = 0;
  failing: MavisError | undefined;
  constructor(size: number) {
    this.size = size;
  }
  readonly call = async (route: Route, { query }: { query: unknown }): Promise<never> => {
    if (this.failing) throw this.failing;
    if (route.path === '/v1/segments') return { items: [{ segment: null, known: true, total: 1, available: 1, confirmedAt: null }, { segment: 'gateway-aws', known: true, total: 1, available: 0, confirmedAt: null }], tunnel: noTunnel } as never;
    this.asked += 1;
    const { cursor, limit } = query as { cursor?: string; limit: number };
    const start = Number(cursor ?? 0);
    const end = Math.min(start + limit, this.size);
    const items = Array.from({ length: end - start }, (_unused, index) => resource(start + index));
    return { items, total: this.size, revision: this.revision, ...(end < this.size ? { nextCursor: String(end) } : {}) } as never;
  };
}

type Ask = IndexThread['ask'];

/** `through` may hold up what main asks the index. */
function world(size: number, through: (ask: Ask) => Ask = (ask) => ask): { inventory: Inventory; stores: ReturnType<typeof createStores>; service: ScriptedInventory; written: unknown[] } {
  const thread = new IndexThread(new URL('../../../src-main/inventory/index-worker.ts', import.meta.url));
  threads.push(thread);
  const index = { ask: through((request) => thread.ask(request)) };
  const stores = createStores(clientSettings.parse({}));
  const written: unknown[] = [];
  const marks = new MarkedResources({ write: async (value) => void written.push(value) }, () => Date.UTC(2026, 0, 1));
  const inventory = new Inventory({ store: stores.inventory, index, marks, log: createLog([], () => 0, 1), reloadPauseMs: 1, retryPauses: { firstMs: 1, longestMs: 1 } });
  return { inventory, stores, service: new ScriptedInventory(size), written };
}
const all = { filter: '', sort: 'name', offset: 0, limit: 100, only: 'all' } as const;

describe('the inventory', () => {
  test('S13: rows say whether a gateway would be found, before anybody connects', async () => {
    const { inventory, stores, service } = world(10);
    await inventory.begin(service, PROFILE);
    expect(stores.inventory.state).toMatchObject({ status: 'ready', total: 10, loaded: 10 });
    const { rows, total } = await inventory.query(all);
    expect(total).toBe(10);
    expect(rows.find(({ id }) => id === uuid(2))).toMatchObject({ segments: ['gateway-aws'], availability: 'none-available' });
    expect(rows.find(({ id }) => id === uuid(1))).toMatchObject({ segments: [], availability: 'available' });
    const items = [{ segment: null, known: true, total: 1, available: 1, confirmedAt: null }, { segment: 'gateway-aws', known: true, total: 1, available: 1, confirmedAt: null }];
    inventory.setSegments({ items, tunnel: noTunnel });
    const availability = async (): Promise<unknown[]> => [...new Set((await inventory.query({ ...all, filter: 'tag:gateway-aws' })).rows.map((row) => row.availability))];
    expect(await availability()).toEqual(['available']);
    // S17, S22, S31: the default Gateway falls: pages ask again, and see that nothing is connected past it.
    const { revision } = stores.inventory.state;
    inventory.setSegments({ items, tunnel: { applies: true, available: false } });
    expect(stores.inventory.state.revision).toBeGreaterThan(revision);
    expect(await availability()).toEqual(['no-default-gateway']);
    expect((await inventory.query(all)).rows.every((row) => row.availability === 'no-default-gateway')).toBe(true);
    inventory.setSegments({ items, tunnel: { applies: true, available: true } });
    expect(await availability()).toEqual(['available']);
  });

  test('favourites and recent resources are kept for each profile', async () => {
    const { inventory, service, written } = world(10);
    await inventory.begin(service, PROFILE);
    await inventory.setFavourite(resourceId.parse(uuid(3)), true);
    await inventory.noteUse(resourceId.parse(uuid(4)));
    expect((await inventory.query({ ...all, only: 'favourites' })).rows).toMatchObject([{ id: uuid(3), favourite: true }]);
    expect((await inventory.query({ ...all, only: 'recent' })).rows).toMatchObject([{ id: uuid(4), lastUsedAt: '2026-01-01T00:00:00.000Z' }]);
    expect(written.at(-1)).toEqual({ profiles: { [PROFILE]: { favourites: [uuid(3)], recent: [[uuid(4), Date.UTC(2026, 0, 1)]] } } });
    await inventory.begin(service, '88888888-8888-4888-8888-888888888888');
    expect((await inventory.query({ ...all, only: 'favourites' })).total).toBe(0);
  });

  test('a new revision is loaded, the same one is not', async () => {
    const { inventory, service, stores } = world(5);
    await inventory.begin(service, PROFILE);
    inventory.revisionIs('r1');
    expect(service.asked).toBe(1);
    service.revision = 'r2';
    service.size = 8;
    const ready = new Promise<void>((resolve) => {
      stores.inventory.onPatch(() => {
        if (stores.inventory.state.status === 'ready') resolve();
      });
    });
    inventory.revisionIs('r2');
    await ready;
    expect((await inventory.query(all)).total).toBe(8);
  });

  test('a revision that the service tells before the first load has begun is no second load beside it: the list is whole', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { inventory, service } = world(2500);
      const begun = inventory.begin(service, PROFILE);
      inventory.revisionIs('r1');
      await begun;
      await new Promise((resolve) => setImmediate(resolve));
      expect([(await inventory.query(all)).total, service.asked]).toEqual([2500, 3]);
    }
  });

  test('a failure is shown, keeps what was there, and the next revision loads again', async () => {
    const { inventory, service, stores } = world(5);
    await inventory.begin(service, PROFILE);
    service.failing = new MavisError('service.unreachable', { address: 'a' });
    const failed = new Promise<void>((resolve) => {
      stores.inventory.onPatch(() => {
        if (stores.inventory.state.error?.code === 'service.unreachable') resolve();
      });
    });
    inventory.revisionIs('r2');
    await failed;
    expect((await inventory.query(all)).total).toBe(5);
  });

  test('a load that failed is tried again by itself until it is whole: nothing need be said by the service, nor pressed by the user', async () => {
    const { inventory, service, stores } = world(5);
    const told: string[] = [];
    const ready = new Promise<void>((resolve) => {
      stores.inventory.onPatch(() => {
        const { status, error } = stores.inventory.state;
        if (status === 'failed' && error !== null) told.push(error.code);
        if (told.length === 4) service.failing = undefined;
        if (status === 'ready') resolve();
      });
    });
    service.failing = new MavisError('service.unreachable', { address: 'a' });
    await inventory.begin(service, PROFILE);
    expect(stores.inventory.state).toMatchObject({ status: 'failed', error: { code: 'service.unreachable' } });
    await ready;
    expect(told).toEqual(Array.from({ length: 4 }, () => 'service.unreachable'));
    expect((await inventory.query(all)).total).toBe(5);
  });

  test('signing out forgets everything', async () => {
    const { inventory, service, stores } = world(5);
    await inventory.begin(service, PROFILE);
    inventory.end();
    expect(stores.inventory.state).toMatchObject({ status: 'empty', total: 0, segments: [] });
    expect((await inventory.query(all)).total).toBe(0);
  });

  test('who signs out while the last of a load is on its way is shown nothing as loaded', async () => {
    const { inventory, service, stores } = world(5, (ask) => async (request) => {
      const answer = await ask(request);
      if (request.kind === 'finish') inventory.end();
      return answer;
    });
    await inventory.begin(service, PROFILE);
    expect(stores.inventory.state).toMatchObject({ status: 'empty', loaded: 0 });
    // The same revision is loaded at the next sign-in: it was not kept as loaded.
    inventory.revisionIs('r1');
    expect((await inventory.query(all)).total).toBe(0);
  });

  test('a load that another has taken the place of takes nothing from it, however late it goes on', async () => {
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    let marks = 0;
    const { inventory, service } = world(2500, (ask) => async (request) => {
      const answer = await ask(request);
      if (request.kind === 'marks' && ++marks === 1) await held;
      return answer;
    });
    const overtaken = inventory.begin(service, PROFILE);
    const pages = service.call;
    const slow = {
      call: async (route: Route, asked: { query: unknown }): Promise<never> => {
        const answer = await pages(route, asked);
        if (service.asked === 2) {
          goOn();
          await overtaken;
        }
        return answer;
      },
    };
    await inventory.begin(slow, PROFILE);
    expect((await inventory.query(all)).total).toBe(2500);
  });

  test('100,000 resources are loaded and searched; what it costs main is printed', async () => {
    const { inventory, service, stores } = world(100_000);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await inventory.begin(service, PROFILE);
    expect(stores.inventory.state.loaded).toBe(100_000);
    const loading = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
    delay.reset();
    const typed = ['t', 'to', 'tok', 'toky', 'tokyo', 'tokyo-', 'tokyo-w', 'tokyo-we', 'tokyo-web', 'tag:gateway-aws', 'os:linux osaka', '-tag:env:prod', 'rack 42', 'web-0999', 'zzzz'];
    const times: number[] = [];
    const mainBefore = process.threadCpuUsage();
    for (let round = 0; round < 4; round += 1) {
      for (const filter of typed) {
        const before = performance.now();
        await inventory.query({ ...all, filter: round === 0 ? filter : `${filter} ${'-x'.repeat(round)}` });
        times.push(performance.now() - before);
      }
    }
    delay.disable();
    times.sort((a, b) => a - b);
    const p95 = times[Math.floor(times.length * 0.95)] ?? 0;
    console.log(`inventory of 100,000: main held up while loading p99 ${loading.p99.toFixed(1)} ms, at most ${loading.max.toFixed(1)} ms; query p50 ${times[Math.floor(times.length / 2)]?.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms; main held up while searching at most ${(delay.max / 1e6).toFixed(1)} ms`);
    const used = process.threadCpuUsage(mainBefore);
    const mainMsPerQuery = (used.user + used.system) / 1000 / times.length;
    console.log(`inventory of 100,000: ${mainMsPerQuery.toFixed(2)} ms of main's own work for each query`);
    expect(stores.inventory.state.status).toBe('ready');
    expect((await inventory.query({ ...all, filter: 'tag:gateway-aws' })).total).toBe(50_000);
  });

  test('the index is built in its own thread: main works for nothing of it', async () => {
    const index = new IndexThread(new URL('../../../src-main/inventory/index-worker.ts', import.meta.url));
    threads.push(index);
    for (let start = 0; start < 100_000; start += 1000) await index.ask({ kind: 'add', items: Array.from({ length: 1000 }, (_unused, number) => resource(start + number)) });
    const before = process.threadCpuUsage();
    expect(await index.ask({ kind: 'finish' })).toEqual({ kind: 'done', size: 100_000 });
    const used = process.threadCpuUsage(before);
    // Work, not time: a machine that is busy with other things changes the one and not the other. In main itself it is hundreds of milliseconds; a collection of garbage may fall into it.
    expect((used.user + used.system) / 1000).toBeLessThan(150);
  });
});
