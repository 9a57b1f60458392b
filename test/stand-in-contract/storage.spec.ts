import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from '@playwright/test';
import { test } from './fixture.ts';

test('what a page stores is there after a restart', async ({ launch }) => {
  const first = await launch();
  const page = await first.firstWindow();
  await page.locator('main').waitFor();
  await page.evaluate("localStorage.setItem('kept', 'yes')");
  await first.close();
  const second = await launch();
  const again = await second.firstWindow();
  await again.locator('main').waitFor();
  expect(await again.evaluate("localStorage.getItem('kept')")).toBe('yes');
});

test('safeStorage gives back what it took, in another run too', async ({ launch, userData }) => {
  const file = path.join(userData, 'sealed');
  const first = await launch({ FIXTURE_NO_WINDOW: '1', FIXTURE_STAYS: '1' });
  const sealed = await first.evaluate(async ({ app, safeStorage }) => {
    await app.whenReady();
    return safeStorage.isEncryptionAvailable() ? safeStorage.encryptString('secret ✓').toString('base64') : '';
  });
  expect(sealed).not.toBe('');
  expect(Buffer.from(sealed, 'base64').toString()).not.toContain('secret');
  await writeFile(file, sealed);
  await first.close();
  const second = await launch({ FIXTURE_NO_WINDOW: '1', FIXTURE_STAYS: '1' });
  const opened = await second.evaluate(async ({ app, safeStorage }, text) => {
    await app.whenReady();
    return safeStorage.decryptString(Buffer.from(text, 'base64'));
  }, await readFile(file, 'utf8'));
  expect(opened).toBe('secret ✓');
});
