import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adminSocketPath, askRunningService } from '../../../src-service/commands/admin-socket.ts';
import { ServiceUnderTest } from '../../fixtures/service-under-test.ts';

const request = { command: { command: 'user-add' as const, name: 'aiko', role: 'user' as const, displayName: 'a secret word', expiresAt: null }, account: 'root' };

let folder: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mavis-commands-'));
  await mkdir(join(folder, 'keys'));
  await writeFile(join(folder, 'keys', 'signing.pem'), generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
});
afterEach(async () => {
  server?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** Somebody else who listens where the service of the folder would; gives what he was sent. */
async function listens(answer: string | null): Promise<() => string> {
  let sent = '';
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      sent += String(chunk);
      if (answer === null) socket.destroy();
      else socket.write(`${answer}\n`);
    });
  }).listen(adminSocketPath(folder));
  await once(server, 'listening');
  return () => sent;
}

test.each([['a signature of his own', JSON.stringify({ signature: 'A'.repeat(86) })], ['none', '{}'], ['an answer to a command', '{"kind":"done","ok":true}'], ['no JSON', 'hello'], ['too much', 'x'.repeat(5_000)], ['nothing and hangs up', null]])('A26: whoever listens in the place of the service and says %s gets no command', async (_what, answer) => {
  const sent = await listens(answer);
  expect(await askRunningService(folder, request)).toBeUndefined();
  expect(sent()).toMatch(/^\{"nonce":"[A-Za-z0-9_-]{43}"\}\n$/);
});

test('A26: without the key of the folder nobody is asked', async () => {
  const sent = await listens('{}');
  await rm(join(folder, 'keys'), { recursive: true });
  expect(await askRunningService(folder, request)).toBeUndefined();
  expect(sent()).toBe('');
});

test('the service of a folder proves that it is, and answers', async () => {
  const service = await ServiceUnderTest.start();
  try {
    const outputs = await askRunningService(service.folder, { command: { command: 'gateway-list' }, account: 'root' });
    if (outputs === undefined) throw new Error('the service was expected to answer');
    const said = [];
    for await (const output of outputs) said.push(output);
    expect(said.at(-1)).toEqual({ kind: 'done', ok: true });
  } finally {
    await service.stop();
  }
});
