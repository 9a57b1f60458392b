import { ADMIN, expect, test } from './fixtures.ts';
import { answerQuestions } from './native-questions.ts';
import { addProfile, resourceCount, signIn } from './page-actions.ts';
import { startAgain } from './start-again.ts';

test('A20: a link of another program leads to a question in the main window that names resource and protocol and says no by default; yes opens the session', async ({ app, system }) => {
  const { electronApp, main, userData } = app;
  await expect(main.getByText(`${await resourceCount(system)} resources`)).toBeVisible();
  const link = `mavis://connect/${system.live.id}?protocol=ssh`;
  const declined = await answerQuestions(app, 'close');
  expect(await startAgain(userData, ['--', link])).toBe(0);
  await expect.poll(declined).toMatchObject([{ message: `Connect to “${system.live.name}” by SSH?`, buttons: ['Connect', 'Cancel'], defaultId: 1, cancelId: 1, ownWindow: true }]);
  expect(electronApp.windows()).toHaveLength(1);
  await answerQuestions(app, 0);
  const session = await app.nextWindow(async () => {
    expect(await startAgain(userData, ['--', link])).toBe(0);
  });
  await expect(session).toHaveTitle(new RegExp(system.live.name));
});

test('A20: a link that starts the app waits for the sign-in, and is then asked about like any other', async ({ openApp, system }) => {
  const app = await openApp({ args: ['--', `mavis://connect/${system.live.id}?protocol=ssh`] });
  const asked = await answerQuestions(app, 'close');
  await addProfile(app.main, system);
  expect(await asked()).toEqual([]);
  await signIn(app.main, ADMIN.name, ADMIN.password);
  await expect.poll(asked).toMatchObject([{ message: `Connect to “${system.live.name}” by SSH?`, defaultId: 1, cancelId: 1, ownWindow: true }]);
  expect(app.electronApp.windows()).toHaveLength(1);
});

test('A20: a link to a resource that this user has not is told, with what to do', async ({ app, system }) => {
  await expect(app.main.getByText(`${await resourceCount(system)} resources`)).toBeVisible();
  const told = await answerQuestions(app, 0);
  await startAgain(app.userData, ['mavis://connect/00000000-0000-4000-8000-000000000000?protocol=ssh']);
  await expect.poll(told).toMatchObject([{ buttons: ['Close'] }]);
  expect(app.electronApp.windows()).toHaveLength(1);
});

test('A21: a second start with hostile arguments only brings the open window to the front, and opens, signs in and connects nothing', async ({ app, system }) => {
  const { electronApp, main, userData } = app;
  await expect(main.getByText(`${await resourceCount(system)} resources`)).toBeVisible();
  const before = { url: main.url(), text: await main.locator('main').innerText(), windows: electronApp.windows().length };
  expect(await startAgain(userData, ['mavis://connect/../../etc', '--service', 'https://attacker.example', '--remote-debugging-port=0', 'javascript:alert(1)'], { MAVIS_SERVICE_URL: 'https://attacker.example' })).toBe(0);
  // One round trip to main and to the page, so that whatever the second start set off has been done.
  await electronApp.evaluate(({ app: electron }) => electron.getName());
  await main.evaluate(() => document.title);
  // What is told of Gateways may be another for a moment; what was opened or signed in would stay.
  await expect.poll(async () => ({ url: main.url(), text: await main.locator('main').innerText(), windows: electronApp.windows().length })).toEqual(before);
  await expect(main.getByRole('searchbox', { name: 'Search resources' })).toBeVisible();
});
