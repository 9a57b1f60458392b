import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { z } from 'zod';
import { expect, test } from './fixtures.ts';
import { resourceCount } from './page-actions.ts';

const repository = resolve(import.meta.dirname, '../..');
/** The `electron` package's own answer to where its executable is; it honours the stand-in's variable. */
const executable = z.string().parse(createRequire(import.meta.url)('electron'));

test('A21: a second start with hostile arguments only brings the open window to the front, and opens, signs in and connects nothing', async ({ app, system }) => {
  const { electronApp, main, userData } = app;
  await expect(main.getByText(`${await resourceCount(system)} resources`)).toBeVisible();
  const before = { url: main.url(), text: await main.locator('main').innerText(), windows: electronApp.windows().length };
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const second = spawn(executable, [...asRoot, repository, `--user-data-dir=${userData}`, 'mavis://connect/../../etc', '--service', 'https://attacker.example', '--remote-debugging-port=0', 'javascript:alert(1)'], {
    env: { ...process.env, ELECTRON_STANDIN_NODE: process.execPath, MAVIS_SERVICE_URL: 'https://attacker.example' },
    stdio: 'ignore',
  });
  const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(second, 'exit'));
  expect(code).toBe(0);
  // One round trip to main and to the page, so that whatever the second start set off has been done.
  await electronApp.evaluate(({ app: electron }) => electron.getName());
  await main.evaluate(() => document.title);
  expect({ url: main.url(), text: await main.locator('main').innerText(), windows: electronApp.windows().length }).toEqual(before);
  await expect(main.getByRole('searchbox', { name: 'Search resources' })).toBeVisible();
});
