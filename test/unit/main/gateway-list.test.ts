import { describe, expect, test, vi } from 'vitest';
import type { Gateway } from '../../../shared/api/gateways.ts';
import type { Role } from '../../../shared/api/roles.ts';
import type { Route } from '../../../shared/api/route.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { GatewayList } from '../../../src-main/gateways/gateway-list.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import { madeGateways } from '../../renderer/page-harness/made-gateways.ts';

/** A list whose service answers as `answer` says. */
function listWith(role: Role, answer: () => Promise<Gateway[]>, retryPauses = { firstMs: 60_000, longestMs: 60_000 }) {
  const stores = createStores(clientSettings.parse({}));
  const asked: string[] = [];
  const list = new GatewayList({ store: stores.gateways, role: () => role, log: createLog([], () => 0, 1), retryPauses });
  list.begin({ call: async (route: Route) => {
    asked.push(route.path);
    return { items: await answer() } as never;
  } });
  return { list, asked, state: () => stores.gateways.state, names: () => Object.values(stores.gateways.state.items).map(({ name }) => name).toSorted() };
}

describe('the gateways in the app', () => {
  test.each(['user', 'vendor'] as const)('rule 26: the app of a %s never asks for the list', async (role) => {
    const { list, asked, state } = listWith(role, async () => madeGateways());
    await list.refresh();
    expect(asked).toEqual([]);
    expect(state().status).toBe('empty');
  });

  test('are read whole, then changed by what is told', async () => {
    const made = madeGateways();
    const [first, second, third] = made;
    if (!first || !second || !third) throw new Error('none made');
    const { list, state, names } = listWith('operator', async () => [first, second]);
    await list.refresh();
    list.take({ kind: 'gateways', changed: [{ ...first, name: 'renamed' }, third], removed: [second.id], askAgain: false });
    expect(names()).toEqual(['renamed', third.name].toSorted());
    expect(state().status).toBe('ready');
    list.end();
    expect(state()).toEqual({ status: 'empty', error: null, items: {} });
  });

  test('an answer that was on its way while a change was told is asked for again, so that the older does not win', async () => {
    const [first] = madeGateways();
    if (!first) throw new Error('none made');
    const answers = [first, { ...first, name: 'newest' }];
    const waiting = Promise.withResolvers<void>();
    const { list, asked, names } = listWith('admin', async () => {
      const next = answers.shift();
      if (answers.length > 0) await waiting.promise;
      return next ? [next] : [];
    });
    const reading = list.refresh();
    list.take({ kind: 'gateways', changed: [{ ...first, name: 'newest' }], removed: [], askAgain: false });
    waiting.resolve();
    await reading;
    expect(names()).toEqual(['newest']);
    expect(asked).toHaveLength(2);
  });

  test('a failure is kept beside what was known, and gone with the next answer', async () => {
    let fail = false;
    const { list, state } = listWith('auditor', async () => {
      if (fail) throw new MavisError('service.time-out', { address: 'mavis.example' });
      return madeGateways();
    });
    await list.refresh();
    fail = true;
    await list.refresh();
    expect(state()).toMatchObject({ status: 'failed', error: { code: 'service.time-out' } });
    expect(Object.keys(state().items)).toHaveLength(8);
    fail = false;
    await list.refresh();
    expect(state()).toMatchObject({ status: 'ready', error: null });
  });

  test('a reading that failed is tried again by itself until it succeeds, and no more then', async () => {
    let left = 2;
    const { list, asked, state } = listWith('operator', async () => {
      if (left-- > 0) throw new MavisError('service.time-out', { address: 'mavis.example' });
      return madeGateways();
    }, { firstMs: 1, longestMs: 2 });
    await list.refresh();
    expect(state().status).toBe('failed');
    await vi.waitFor(() => expect(state()).toMatchObject({ status: 'ready', error: null }), { timeout: 20_000 });
    expect(asked).toHaveLength(3);
  });
});
