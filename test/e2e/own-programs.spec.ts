import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { z } from 'zod';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { usersRoutes } from '../../shared/api/users.ts';
import { type ProgramEnd, runProgram } from '../fixtures/run-program.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import { find } from './page-actions.ts';

const repository = resolve(import.meta.dirname, '../..');
/** The `electron` package's own answer to where its executable is; it honours the stand-in's variable. */
const executable = z.string().parse(createRequire(import.meta.url)('electron'));

test('rule 30: a person opens a port in the window and goes in with his own ssh; mavis ls and ssh reach the same app without a password', async ({ app, system }) => {
  const { main, userData } = app;
  const { items } = await system.admin.call(usersRoutes.userList, { query: { limit: 100 } });
  const userId = items.find(({ name }) => name === ADMIN.name)?.id;
  if (userId === undefined) throw new Error('there is no administrator');
  const { id: accessRuleId } = await system.admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'own programs', subject: { kind: 'user', userId }, filter: `name:"${system.live.name}"`, protocols: ['ssh', 'sftp'], policy: { exec: true, foreignClients: true } } });
  try {
    await find(main, system.live.name);
    await main.getByRole('gridcell', { name: system.live.name }).first().click();
    const section = main.getByRole('region', { name: 'Own programs' });
    await section.getByRole('button', { name: /^Open a port for/ }).first().click();
    const password = await section.locator('.foreign-secret').innerText();
    const command = await section.locator('.foreign-commands code').first().innerText();
    expect(command).not.toContain(password);
    expect(await runProgram('ssh', [...command.split(' ').slice(1), 'echo in-$((40+2))'], { password })).toMatchObject({ code: 0, output: 'in-42\n' });
    await expect(section.getByRole('status').first()).toContainText('Ended');
    expect(await mavis(userData, ['ls', `name:"${system.live.name}"`])).toMatchObject({ code: 0, output: expect.stringContaining(`${system.live.name}\t`) });
    expect(await mavis(userData, ['ssh', system.live.name, 'cat; exit 9'], 'over the command\n')).toMatchObject({ code: 9, output: 'over the command\n' });
  } finally {
    await system.admin.call(accessRulesRoutes.accessRuleRemove, { params: { accessRuleId } });
  }
});

/** Our own command line, as the installed program would be called. */
function mavis(userData: string, words: readonly string[], input = ''): Promise<ProgramEnd> {
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return runProgram(executable, [...asRoot, repository, `--user-data-dir=${userData}`, ...words], { input, environment: { ...process.env, ELECTRON_STANDIN_NODE: process.execPath } });
}
