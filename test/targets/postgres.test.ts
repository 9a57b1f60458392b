import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from './postgres.ts';

async function ask(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('a PostgreSQL server of its own starts with an empty database, and again after a crash', async () => {
  const server = await startPostgres();
  try {
    await ask(server.url, 'create table kept (word text); insert into kept values (\'yes\'); checkpoint');
    await server.crash();
    await expect(ask(server.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
    await server.restart();
    expect(await ask(server.url, 'select word from kept')).toEqual([{ word: 'yes' }]);
  } finally {
    await server.stop();
  }
});
