import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { inRepository } from '../../../scripts/set-up/repository.ts';

const run = promisify(execFile);

/** What a fresh Node finds in drizzle-orm, and a query that parts of it make together. */
async function found(parameters: readonly string[]): Promise<unknown> {
  const script = "const names = []; for (const name of ['drizzle-orm', 'drizzle-orm/pg-core', 'drizzle-orm/pglite', 'drizzle-orm/node-postgres']) names.push(Object.keys(await import(name))); const { sql } = await import('drizzle-orm'); const { PgDialect } = await import('drizzle-orm/pg-core'); console.log(JSON.stringify([names, new PgDialect().sqlToQuery(sql`SELECT ${1}`)]))";
  const { stdout } = await run(process.execPath, [...parameters, '--input-type=module', '--eval', script], { cwd: inRepository() });
  return JSON.parse(stdout);
}

test('drizzle-orm that is loaded the quick way is the same, and one whatever it is entered by', async () => {
  const quick = await found(['--import', pathToFileURL(inRepository('src-service', 'store', 'quick-drizzle.ts')).href]);
  expect(quick).toEqual(await found([]));
  expect(quick).toMatchObject([[expect.arrayContaining(['eq']), expect.arrayContaining(['pgTable']), expect.arrayContaining(['drizzle']), expect.arrayContaining(['drizzle'])], { sql: 'SELECT $1', params: [1] }]);
});
