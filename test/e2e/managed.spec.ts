import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN, expect, test } from './fixtures.ts';
import { resourceCount, signIn } from './page-actions.ts';

test('what IT sets is there at the first start: its service, pinned and not to be changed, and its language; a bad value beside it costs nothing else', async ({ openApp, system }) => {
  const folder = mkdtempSync(join(tmpdir(), 'mavis-policy-'));
  try {
    const { url, pin } = system.embedded.service;
    writeFileSync(join(folder, 'policy.json'), JSON.stringify({ serviceUrl: url, serviceName: 'Ours', servicePins: [pin], language: 'en', proxy: 'none', disabledFeatures: ['add-services'], nonsense: true }), { mode: 0o644 });
    const { main } = await openApp({ env: { MAVIS_POLICY_FOLDER: folder, LANG: 'ja_JP.UTF-8' } });
    const ours = main.getByRole('listitem').filter({ hasText: 'Ours' });
    await expect(ours.getByText('Set by your organisation')).toBeVisible();
    await expect(main.getByRole('button', { name: /^(?:Edit|Remove) profile/ })).toHaveCount(0);
    const refused = await main.evaluate(() => Promise.all([window.mavis.settings.update({ changes: { language: 'ja' } }), window.mavis.profiles.add({ name: 'x', colour: 'red', serviceUrl: 'https://attacker.example/', pin: null, proxy: { kind: 'none' } })]));
    expect(refused.map((answer) => (answer.ok ? 'done' : answer.code))).toEqual(['client.managed', 'client.managed']);
    await signIn(main, ADMIN.name, ADMIN.password);
    await expect(main.getByText(`${await resourceCount(system)} resources`)).toBeVisible();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
