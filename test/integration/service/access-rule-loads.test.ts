import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { accessRuleFields } from '../../../shared/api/access-rules.ts';
import { accessRuleId } from '../../../shared/ids.ts';
import { Access } from '../../../src-service/access-rules/access.ts';
import { AuditLog, serviceActor } from '../../../src-service/audit/audit-log.ts';
import { systemClock } from '../../../src-service/clock.ts';
import { Inventory } from '../../../src-service/resources/inventory.ts';
import type { Database } from '../../../src-service/store/database.ts';
import { accessRules } from '../../../src-service/store/schema.ts';
import { forEachDatabase } from '../../fixtures/for-each-database.ts';

/** A database whose answer to the first reading of all rules comes when the test says so; it is what the database held when it was asked. */
function lateAtFirst(database: Database): { database: Database; asked: Promise<void>; release: () => void } {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let readings = 0;
  const late = new Proxy(database, {
    get(target, key) {
      if (key !== 'select') return Reflect.get(target, key, target);
      return (...fields: []) => {
        readings += 1;
        if (readings > 1) return target.select(...fields);
        return {
          from: (table: typeof accessRules) => ({
            orderBy: async () => {
              const rows = await target.select().from(table);
              asked.resolve();
              await released.promise;
              return rows;
            },
          }),
        };
      };
    },
  });
  return { database: late, asked: asked.promise, release: () => released.resolve() };
}

forEachDatabase('access rules that are read twice at once', (underTest) => {
  test('B11: a rule that was removed does not come back with the older of two answers', async () => {
    const { store } = underTest();
    const id = accessRuleId.parse(randomUUID());
    const fields = accessRuleFields.parse({ name: 'for a while', subject: { kind: 'role', role: 'user' }, filter: '', protocols: ['ssh'], windows: [], startsAt: null, endsAt: null, signOn: 'stored', tunnel: 'system', policy: {} });
    const now = new Date();
    await store.database.insert(accessRules).values({ id, name: fields.name, subjectKind: 'role', subjectRole: 'user', subjectUserId: null, filter: '', protocols: ['ssh'], windows: [], startsAt: null, endsAt: null, signOn: 'stored', tunnel: 'system', policy: fields.policy, createdAt: now, updatedAt: now });
    const late = lateAtFirst(store.database);
    const inventory = new Inventory({ database: store.database, listen: store.listen, changed: { publish: async () => undefined } });
    const access = new Access({ database: late.database, listen: async () => async () => undefined, inventory, auditLog: new AuditLog(systemClock), clock: systemClock, changed: { publish: async () => undefined } });
    const loading = access.start(() => undefined);
    await late.asked;
    const removing = access.remove(serviceActor, id);
    // Gone from the database, and time for another reading of it, before the older answer comes.
    await expect.poll(async () => (await store.database.select().from(accessRules)).length).toBe(0);
    for (let round = 0; round < 20; round += 1) await store.database.select().from(accessRules);
    late.release();
    await Promise.all([loading, removing]);
    expect(access.list()).toEqual([]);
    await access.stop();
  });
});
