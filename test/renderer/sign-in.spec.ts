import { expect, test } from '@playwright/test';
import { calls, openMain } from './open-page.ts';

const FIRST = '00000000-0000-4000-8000-000000000001';
const SECOND = '00000000-0000-4000-8000-000000000002';

test('the profiles of this computer stand with service, trust and colour; another one is chosen by keyboard; removing one asks first', async ({ page }) => {
  const faults = await openMain(page, { scene: 'sign-in' });
  const profiles = page.getByRole('group', { name: 'Profiles' }).getByRole('listitem');
  await expect(profiles).toHaveCount(2);
  await expect(profiles.first()).toContainText(/Nishi Trading\s*https:\/\/mavis\.nishi\.example · Certificate trusted by this computer/);
  await expect(profiles.last()).toContainText('Pinned certificate');
  expect(await profiles.evaluateAll((all) => all.map((item) => item.getAttribute('data-colour')))).toEqual(['blue', 'orange']);
  await page.getByRole('radio').first().focus();
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => calls(page, 'profiles.select')).toEqual([{ profileId: SECOND }]);
  await expect(profiles.last()).toHaveAttribute('data-selected', 'true');

  await page.getByRole('button', { name: 'Remove profile Nishi Trading' }).click();
  const question = page.getByRole('dialog', { name: 'Remove profile Nishi Trading' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(question).toHaveCount(0);
  expect(await calls(page, 'profiles.remove')).toEqual([]);
  await page.getByRole('button', { name: 'Remove profile Nishi Trading' }).click();
  await question.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect.poll(() => calls(page, 'profiles.remove')).toEqual([{ profileId: FIRST }]);
  expect(faults.list).toEqual([]);
});

test('a profile that is chosen has its form at once, before the choice is kept: what is typed then stays, and goes to its service alone', async ({ page }) => {
  await openMain(page, { scene: 'sign-in' });
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await page.getByRole('radio').last().check({ force: true });
  const form = page.getByRole('form', { name: 'Sign in' });
  await form.getByLabel('User name', { exact: true }).fill('k.sato');
  await form.getByLabel('Password', { exact: true }).fill('right');
  await page.evaluate(async () => {
    window.dispatchEvent(new Event('answer'));
    await window.harness.held;
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  });
  await expect(form.getByLabel('User name', { exact: true })).toHaveValue('k.sato');
  await form.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect.poll(() => calls(page, 'account.signIn')).toEqual([{ profileId: SECOND, name: 'k.sato', password: 'right', stayNamed: false }]);
});

test('of profiles that are chosen one after the other, the last one’s form stays while main follows, and what is typed there with it', async ({ page }) => {
  await openMain(page, { scene: 'sign-in' });
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await page.getByRole('radio').last().check({ force: true });
  await page.getByRole('radio').first().check({ force: true });
  const form = page.getByRole('form', { name: 'Sign in' });
  await form.getByLabel('Password', { exact: true }).fill('half of it');
  const forms = await page.evaluate(async () => {
    let made = 0;
    const seen = new MutationObserver((changes) => (made += changes.filter(({ addedNodes }) => [...addedNodes].some((node) => node instanceof HTMLFormElement)).length));
    seen.observe(document.body, { childList: true, subtree: true });
    window.dispatchEvent(new Event('answer'));
    await window.harness.held;
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
    return made;
  });
  await expect.poll(() => calls(page, 'profiles.select')).toEqual([{ profileId: SECOND }, { profileId: FIRST }]);
  expect(forms).toBe(0);
  await expect(form.getByLabel('Password', { exact: true })).toHaveValue('half of it');
});

test('where the organisation lets nobody add services, none is offered to be added', async ({ page }) => {
  const add = page.getByRole('button', { name: 'Add profile' });
  await openMain(page, { scene: 'sign-in' });
  await expect(add).toBeVisible();
  await openMain(page, { scene: 'sign-in', managed: '1' });
  await expect(page.getByRole('form', { name: 'Sign in' })).toBeVisible();
  await expect(add).toHaveCount(0);
});

test('a certificate that this computer does not know is kept only once its fingerprint was compared, and of the address that it was read from', async ({ page }) => {
  await openMain(page, { scene: 'no-profile' });
  await page.getByRole('button', { name: 'Add profile' }).click();
  const form = page.getByRole('form', { name: 'Add profile' });
  const save = form.getByRole('button', { name: 'Save' });
  const address = form.getByLabel('Service address');
  const asked = () => calls(page, 'profiles.readFingerprint');
  await save.click();
  await expect(form).toContainText('Enter an address that begins with https://');
  await address.fill('http://mavis.nishi.example');
  await save.click();
  expect(await asked()).toEqual([]);

  await address.fill('https://mavis.nishi.example');
  await form.getByLabel('Name', { exact: true }).fill('Nishi');
  // Saving reads the certificate first, and shows it.
  await save.click();
  await expect(form).toContainText('This computer does not know who issued the certificate.');
  await save.click();
  await expect(form).toContainText('Compare the fingerprint first');
  expect(await calls(page, 'profiles.add')).toEqual([]);
  await form.getByLabel('I compared the fingerprint: it is the same').check();
  // What was compared belongs to that address alone.
  await address.fill('https://mavis.elsewhere.example');
  await save.click();
  await expect(form).toContainText('This computer does not know who issued the certificate.');
  await expect(form.getByLabel('I compared the fingerprint: it is the same')).not.toBeChecked();
  await save.click();
  expect(await calls(page, 'profiles.add')).toEqual([]);
  await form.getByLabel('I compared the fingerprint: it is the same').check();
  await save.click();
  await expect.poll(() => calls(page, 'profiles.add')).toEqual([{ name: 'Nishi', colour: 'blue', serviceUrl: 'https://mavis.elsewhere.example', pin: expect.stringMatching(/^SHA256:.{43}$/), proxy: { kind: 'system' } }]);
  expect((await asked()).length).toBe(2);
});

test('a refused sign-in says why and empties the password alone; a locked account says for how long', async ({ page }) => {
  await openMain(page, { scene: 'sign-in-failed' });
  const form = page.getByRole('form', { name: 'Sign in' });
  await expect(form.getByRole('alert')).toContainText('Wait 15 minutes, or ask the helpdesk');
  await form.getByLabel('User name', { exact: true }).fill('y.tanaka');
  await form.getByLabel('Remember the user name').uncheck();
  await form.getByLabel('Password', { exact: true }).fill('not it');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('alert')).toContainText('The user name or the password is wrong.');
  await expect.poll(() => calls(page, 'account.signIn')).toEqual([{ profileId: FIRST, name: 'y.tanaka', password: 'not it', stayNamed: false }]);
  await expect(form.getByLabel('User name', { exact: true })).toHaveValue('y.tanaka');
  await expect(form.getByLabel('Password', { exact: true })).toHaveValue('');
  await expect(form.getByLabel('Password', { exact: true })).toBeFocused();
});

test('what is typed while a sign-in is on its way is not emptied with the password that was refused', async ({ page }) => {
  await openMain(page, { scene: 'sign-in-failed' });
  const form = page.getByRole('form', { name: 'Sign in' });
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  const password = form.getByLabel('Password', { exact: true });
  await form.getByLabel('User name', { exact: true }).fill('y.tanaka');
  await password.fill('not it');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('button', { name: 'Signing in' })).toBeVisible();
  await password.fill('another one');
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await expect(form.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(form.getByRole('alert')).toContainText('The user name or the password is wrong.');
  await expect(password).toHaveValue('another one');
});

test('a refusal that comes while the user name is mended leaves the keys there, and is shown only once it is whole', async ({ page }) => {
  await openMain(page, { scene: 'sign-in-failed' });
  const form = page.getByRole('form', { name: 'Sign in' });
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  const name = form.getByLabel('User name', { exact: true });
  await name.fill('y.tanak');
  await form.getByLabel('Password', { exact: true }).fill('not it');
  await page.keyboard.press('Enter');
  await expect(form.getByRole('button', { name: 'Signing in' })).toBeVisible();
  await expect(form.getByRole('alert')).toHaveCount(0);
  await name.focus();
  await page.keyboard.press('End');
  await page.keyboard.type('a');
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await expect(form.getByRole('alert')).toContainText('The user name or the password is wrong.');
  await page.keyboard.type('@nishi');
  await expect(name).toHaveValue('y.tanaka@nishi');
  await expect(form.getByLabel('Password', { exact: true })).toHaveValue('');
});
