import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, ServiceUnderTest } from '../../fixtures/service-under-test.ts';

let service: ServiceUnderTest;
let folder: string;
beforeAll(async () => {
  service = await ServiceUnderTest.start();
  folder = join(service.folder, 'updates');
  mkdirSync(folder);
});
afterAll(() => service.stop());

const get = (name: string) => service.ask({ path: `/v1/updates/${name}` });

test('the feed of updates is given out to anyone, as it lies there, and 404 where there is none', async () => {
  expect([(await get('stable.json')).status, codeOf(await get('stable.json'))]).toEqual([404, 'request.not-found']);
  writeFileSync(join(folder, 'stable.json'), '{"manifest":"x"}');
  writeFileSync(join(folder, 'mavis-desktop-1.2.0-setup-x64.exe'), 'MZ');
  expect(await get('stable.json')).toMatchObject({ status: 200, text: '{"manifest":"x"}', headers: { 'content-type': 'application/octet-stream' } });
  expect(await get('mavis-desktop-1.2.0-setup-x64.exe')).toMatchObject({ status: 200, text: 'MZ' });
});

test('A22: nothing else is given out: no other file of the folder, none outside of it, no link, no folder', async () => {
  writeFileSync(join(service.folder, 'outside.exe'), 'secret');
  writeFileSync(join(folder, 'update-key.pem'), 'secret');
  writeFileSync(join(folder, 'notes.json'), 'secret');
  symlinkSync(join(service.folder, 'outside.exe'), join(folder, 'link.exe'));
  mkdirSync(join(folder, 'folder.exe'));
  const names = ['update-key.pem', 'notes.json', 'link.exe', 'folder.exe', '..%2Foutside.exe', '..%2f..%2fservice.json', '%2e%2e%2foutside.exe', '..%5Coutside.exe', 'stable.json%00.exe', '.hidden.exe', 'a%20b.exe', 'stable.json/'];
  for (const name of names) {
    const { status, text } = await get(name);
    expect({ name, refused: status === 400 || status === 404, told: text.includes('secret') }).toEqual({ name, refused: true, told: false });
  }
});

test('one peer that reads nothing holds no more than its share, and gets it back when it goes; the manifest is given all the while', async () => {
  writeFileSync(join(folder, 'large.AppImage'), Buffer.alloc(32 * 1024 * 1024));
  const agent = new Agent({ rejectUnauthorized: false, maxSockets: 100 });
  const held: IncomingMessage[] = [];
  try {
    for (let count = 0; count < 16; count += 1) {
      const asking = httpsRequest(`${service.running.url}/v1/updates/large.AppImage`, { agent });
      asking.end();
      const [answer]: IncomingMessage[] = await once(asking, 'response');
      if (answer) held.push(answer.pause());
    }
    expect(held.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 16 }, () => 200));
    const refused = await get('mavis-desktop-1.2.0-setup-x64.exe');
    expect([codeOf(refused), refused.headers['retry-after']]).toEqual(['request.too-many', '60']);
    expect(await get('stable.json')).toMatchObject({ status: 200, text: '{"manifest":"x"}' });
    for (const answer of held) answer.destroy();
    await expect.poll(async () => (await get('mavis-desktop-1.2.0-setup-x64.exe')).status, { timeout: 60_000 }).toBe(200);
  } finally {
    agent.destroy();
  }
});

test('a manifest that is larger than any of ours is none', async () => {
  writeFileSync(join(folder, 'beta.json'), Buffer.alloc(128 * 1024, 32));
  expect((await get('beta.json')).status).toBe(200);
  writeFileSync(join(folder, 'beta.json'), Buffer.alloc(128 * 1024 + 1, 32));
  expect(codeOf(await get('beta.json'))).toBe('request.not-found');
});
