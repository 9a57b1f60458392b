import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import { connect, untilRecorded } from './page-actions.ts';

/** What a page that was taken over might try, given an address outside. */
const ATTEMPTS: Readonly<Record<string, (outside: string) => void>> = {
  'location.href': (outside) => {
    location.href = outside;
  },
  'location.replace': (outside) => location.replace(outside),
  'another page of the bundle in its place': () => location.assign('app://bundle/rdp-window.html?session=11111111-1111-4111-8111-111111111111'),
  'a link in its own window': (outside) => {
    const link = document.createElement('a');
    link.href = outside;
    document.body.append(link);
    link.click();
  },
  'a link in a new window': (outside) => {
    const link = document.createElement('a');
    Object.assign(link, { href: outside, target: '_blank' });
    document.body.append(link);
    link.click();
  },
  'window.open': (outside) => void window.open(outside),
  'window.open in its own window': (outside) => void window.open(outside, '_self'),
  'window.open of a page of the bundle': () => void window.open('app://bundle/main-window.html'),
  'a form that is posted': (outside) => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: outside });
    form.innerHTML = '<input name="canary" value="taken">';
    document.body.append(form);
    form.submit();
  },
  'a form that is posted into a new window': (outside) => {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: outside, target: '_blank' });
    document.body.append(form);
    form.submit();
  },
  'a frame': (outside) => {
    const frame = document.createElement('iframe');
    frame.src = outside;
    document.body.append(frame);
  },
  'a refresh': (outside) => {
    const refresh = document.createElement('meta');
    Object.assign(refresh, { httpEquiv: 'refresh', content: `0;url=${outside}` });
    document.head.append(refresh);
  },
};

/** Counts what the content security policy stopped in a page. */
async function watchPolicy(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    document.documentElement.dataset['stopped'] = '0';
    document.addEventListener('securitypolicyviolation', () => {
      document.documentElement.dataset['stopped'] = String(Number(document.documentElement.dataset['stopped']) + 1);
    });
  });
  return () => page.evaluate(() => Number(document.documentElement.dataset['stopped']));
}

test('E13, E14: a page that tries to go elsewhere, to open a window or to post a form stays where it is, opens none and sends nothing, in the main window and in a session\'s', async ({ app, system }) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.end('outside');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outside = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/taken`;
  try {
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    const refusals = (): number => readFileSync(join(app.userData, 'logs', 'client.log'), 'utf8').match(/"msg":"(?:navigation|window) refused"/g)?.length ?? 0;
    for (const page of [app.main, session]) {
      const before = page.url();
      const stopped = await watchPolicy(page);
      for (const [name, attempt] of Object.entries(ATTEMPTS)) {
        const [refused, held] = [refusals(), await stopped()];
        await page.evaluate(attempt, outside);
        // By main, or by the page's policy before it came to that.
        await expect.poll(async () => refusals() - refused + (await stopped()) - held, { message: name, timeout: 30_000 }).toBeGreaterThan(0);
        expect([page.url(), app.electronApp.windows().length, asked], name).toEqual([before, 2, []]);
      }
      await expect(page.locator('main')).toBeVisible();
      expect(await page.evaluate(() => document.title)).not.toBe('');
    }
    // What was asked for could be had.
    expect(await (await fetch(outside)).text()).toBe('outside');
  } finally {
    server.close();
  }
});
