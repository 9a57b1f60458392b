import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import { type UpdateAbility, Updates } from '../../../src-main/updates/updates.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function made({ random = 0, feed = async (): Promise<Uint8Array | undefined> => undefined, ability = { kind: 'on', installed: { target: 'appimage-x64', appImage: '/a' }, keys: [] } as UpdateAbility } = {}) {
  const planned: { ms: number; run: () => void }[] = [];
  let asked = 0;
  const updates = new Updates({
    store: createStores(clientSettings.parse({})).updates,
    ability, version: '1.0.0', folder: '/nonexistent', appWords: [],
    settings: () => clientSettings.parse({}),
    source: () => ({ kind: 'service', open: () => ({ manifest: () => ((asked += 1), feed()), download: () => Promise.reject(new Error('not asked for')), close: () => undefined }) }),
    record: { installation: 'a', seen: () => undefined, take: async () => undefined },
    clock: () => 0,
    random: () => random,
    later: (ms, run) => {
      const one = { ms, run };
      planned.push(one);
      return () => void (planned.includes(one) && planned.splice(planned.indexOf(one), 1));
    },
    log: createLog([], () => 0, 1),
  });
  return { updates, planned, asked: () => asked };
}

test('it is looked for within two minutes of the start and every six to seven hours, computers apart; one thing is planned at a time', async () => {
  for (const [random, first, later] of [[0, 10_000, 6 * HOUR_MS], [1, 2 * MINUTE_MS, 7 * HOUR_MS]] as const) {
    const { updates, planned, asked } = made({ random });
    updates.start();
    expect(planned.map(({ ms }) => ms)).toEqual([first]);
    planned[0]?.run();
    await updates.check();
    expect(planned.map(({ ms }) => ms)).toEqual([later]);
    await updates.check();
    expect([planned.length, asked()]).toEqual([1, 2]);
  }
});

test('after a failure it is tried again within two hours', async () => {
  const { updates, planned } = made({ random: 1, feed: () => Promise.reject(new MavisError('service.unreachable', { address: 'a' })) });
  updates.start();
  await updates.check();
  expect(planned.map(({ ms }) => ms)).toEqual([2 * HOUR_MS]);
});

test('who asks while it is being looked for waits for that; nothing is planned once it is stopped, or where there are no updates', async () => {
  const waiting = Promise.withResolvers<undefined>();
  const { updates, planned, asked } = made({ feed: () => waiting.promise });
  const both = Promise.all([updates.check(), updates.check()]);
  const stopped = updates.stop();
  waiting.resolve(undefined);
  await Promise.all([both, stopped]);
  expect([planned.length, asked()]).toEqual([0, 1]);
  const off = made({ ability: { kind: 'off', why: 'managed' } });
  off.updates.start();
  expect(off.planned).toEqual([]);
});
