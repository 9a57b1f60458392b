import { expect } from '@playwright/test';
import { test } from './fixture.ts';

/** Connects a port by the channel, and echoes one message through it. */
const ECHO = (channel: string, message: string): string => `(async () => {
  // The page's own script, which takes the port, comes after the preload: a port that came before it would be nobody's.
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve, { once: true }));
  await window.fixture.invoke(${JSON.stringify(channel)});
  while (!window.ports?.length) await new Promise((resolve) => setTimeout(resolve, 5));
  const port = window.ports.at(-1);
  const answer = new Promise((resolve) => { port.onmessage = (event) => resolve(event.data); });
  port.postMessage(${message});
  return answer;
})()`;

test('a port joins main process and page', async ({ electronApp, page }) => {
  expect(await page.evaluate(ECHO('connect-main', '{ n: 1 }'))).toEqual({ echo: { n: 1 } });
  await page.evaluate('window.ports.at(-1).close()');
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.events.includes('port closed'))).toBe(true);
});

test('a port joins a utility process and a page, typed arrays intact', async ({ electronApp, page }) => {
  expect(await page.evaluate(ECHO('connect-child', '{ n: 2 }'))).toEqual({ fromChild: { n: 2 } });
  const bytes = await page.evaluate(`(async () => {
    const sent = crypto.getRandomValues(new Uint8Array(65536));
    const answer = new Promise((resolve) => { window.ports[0].onmessage = (event) => resolve(event.data); });
    window.ports[0].postMessage(sent);
    const back = await answer;
    return back instanceof Uint8Array && back.length === sent.length && back.every((byte, index) => byte === sent[index]);
  })()`);
  expect(bytes).toBe(true);
  // By its pipe, which is not in step with its messages.
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.children[0]?.output)).toBe('child speaks\n');
  const child = await electronApp.evaluate(() => {
    const [first] = globalThis.fixture.children;
    const [message] = (first?.messages ?? []) as { got: { kind: string; bytes: Uint8Array }; arguments: string[]; type: string }[];
    return { kind: message?.got.kind, bytes: [...(message?.got.bytes ?? [])], arguments: message?.arguments, type: message?.type, hasPid: typeof first?.pid };
  });
  expect(child).toEqual({ kind: 'port', bytes: [7, 8, 9], arguments: ['an argument'], type: 'utility', hasPid: 'number' });
});

test('the end of a utility process is told, by exit and by crash', async ({ electronApp, page }) => {
  await page.evaluate(ECHO('connect-child', '1'));
  await page.evaluate(ECHO('connect-child', '1'));
  await electronApp.evaluate(() => {
    const [first, second] = globalThis.fixture.children;
    first?.child.postMessage({ kind: 'exit', code: 3 });
    second?.child.postMessage({ kind: 'crash' });
  });
  await expect.poll(() => electronApp.evaluate(() => globalThis.fixture.children.map(({ exitCode }) => exitCode !== undefined))).toEqual([true, true]);
  const told = await electronApp.evaluate(() => ({
    exitCode: globalThis.fixture.children[0]?.exitCode,
    gone: globalThis.fixture.events.flatMap((event) => (typeof event === 'object' && event.gone ? [[event.gone.type, event.gone.name, event.gone.reason]] : [])),
  }));
  expect(told.exitCode).toBe(3);
  expect(told.gone).toContainEqual(['Utility', 'contract child', 'crashed']);
});

test('a killed utility process is gone', async ({ electronApp, page }) => {
  await page.evaluate(ECHO('connect-child', '1'));
  const killed = await electronApp.evaluate(async () => {
    const child = globalThis.fixture.children[0]?.child;
    const exited = new Promise((resolve) => child?.once('exit', () => resolve(true)));
    return [child?.kill(), await exited, child?.pid === undefined];
  });
  expect(killed.slice(0, 2)).toEqual([true, true]);
});

test('ports cross the page and come back as ports', async ({ electronApp, page }) => {
  await electronApp.evaluate(({ ipcMain }) => {
    ipcMain.on('take-port', (event) => {
      const [port] = event.ports;
      port?.on('message', ({ data, ports }) => {
        ports[0]?.start();
        ports[0]?.postMessage(['through', data]);
      });
      port?.start();
    });
  });
  const answer = await page.evaluate(`(async () => {
    const outer = new MessageChannel();
    window.postMessage('give-port', '*', [outer.port2]);
    const inner = new MessageChannel();
    const got = new Promise((resolve) => { inner.port1.onmessage = (event) => resolve(event.data); });
    outer.port1.postMessage('hello', [inner.port2]);
    return got;
  })()`);
  expect(answer).toEqual(['through', 'hello']);
});

test('what was sent before a port was given away arrives, in order', async ({ electronApp, page }) => {
  await electronApp.evaluate(({ BrowserWindow, MessageChannelMain }) => {
    const { port1, port2 } = new MessageChannelMain();
    for (const n of [1, 2, 3]) port1.postMessage(n);
    BrowserWindow.getAllWindows()[0]?.webContents.postMessage('port', null, [port2]);
    port1.postMessage(4);
  });
  await expect.poll(() => page.evaluate('window.ports?.length')).toBe(1);
  const got = await page.evaluate('new Promise((resolve) => { const got = []; window.ports[0].onmessage = (event) => { got.push(event.data); if (got.length === 4) resolve(got); }; })');
  expect(got).toEqual([1, 2, 3, 4]);
});
