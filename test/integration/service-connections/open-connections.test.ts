import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { userId } from '../../../shared/ids.ts';
import { countOpen } from '../../../src-service/connections/connection-asks.ts';
import { rowsOf } from '../../../src-service/store/database.ts';
import { forEachDatabase } from '../../fixtures/for-each-database.ts';

const ENDED = 5_000;
const OPEN = 3;

forEachDatabase('the open connections of a user', (underTest) => {
  test('are counted without reading those that have come to their end, of which there may be any number', async () => {
    const { store: { database }, asIntruder } = underTest();
    const user = userId.parse(randomUUID());
    await asIntruder(`
      INSERT INTO connections (id, reference, user_id, user_name, resource_id, resource_name, protocol, token_sha256, client_key_thumbprint, policy, state, asked_at, deadline_at, not_after, final_at)
      SELECT gen_random_uuid(), 'reference-' || place, '${user}', 'aiko', gen_random_uuid(), 'db1', 'ssh', '', '', '{}', CASE WHEN place <= ${OPEN} THEN 'asked' ELSE 'not-used' END, now(), now(), now(), CASE WHEN place > ${OPEN} THEN now() END
      FROM generate_series(1, ${ENDED + OPEN}) place;
      ANALYZE connections`);
    expect(await countOpen(database, user)).toEqual([{ number: OPEN }]);
    const plan = await rowsOf(database, sql`EXPLAIN ANALYZE ${countOpen(database, user).getSQL()}`, z.object({ 'QUERY PLAN': z.string() }));
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toContain('connections_open_of_user');
    expect(text).not.toMatch(/Rows Removed/);
  });
});
