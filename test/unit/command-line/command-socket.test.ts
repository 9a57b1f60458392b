import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { askApp } from '../../../src-main/command-line/command-client.ts';
import { type Answered, CommandServer } from '../../../src-main/command-line/command-server.ts';
import { type CommandEndpoint, commandEndpoint } from '../../../src-main/command-line/endpoint.ts';
import { proofOf } from '../../../src-main/command-line/proofs.ts';
import { createLog } from '../../../src-main/logging/log.ts';

const user = process.getuid?.();
const LIST = { resources: [{ name: 'web-01', address: '10.0.0.1', protocols: ['ssh'] }], total: 1 };

let folder: string;
let endpoint: CommandEndpoint;
let server: CommandServer;
let lines: string[];
let asked: string[];
let imposter: Server | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-command-'));
  endpoint = commandEndpoint(folder, { platform: process.platform, temporaryFolder: folder, user });
  [lines, asked] = [[], []];
  server = makeServer(async ({ kind }) => {
    asked.push(kind);
    return kind === 'proxy' ? { value: {}, serve: echo } : { value: LIST };
  });
  await server.start();
});
afterEach(async () => {
  server.stop();
  const closing = imposter;
  imposter = undefined;
  if (closing !== undefined) await new Promise<void>((resolve) => closing.close(() => resolve()));
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

function makeServer(answer: (request: { kind: string }) => Promise<Answered>): CommandServer {
  return new CommandServer({ endpoint, user, answer, log: createLog([(line) => lines.push(line)], () => 0, 1) });
}

async function echo(socket: Socket): Promise<void> {
  socket.pipe(socket);
  await once(socket, 'end');
}

const list = () => askApp(endpoint, user, { kind: 'ls', filter: '' });

/** Says a line to the socket and gives everything that came back until it ended. */
async function say(...sent: string[]): Promise<string> {
  const socket = connect(endpoint.address);
  const read: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => read.push(chunk)).on('error', () => undefined);
  for (const text of sent) socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(read).toString('utf8');
}

describe('rule 30: the socket of the command line', () => {
  test('is readable to this account alone, its secret too, and answers who knows the secret', async () => {
    for (const [path, mode] of [[endpoint.folder, 0o700], [endpoint.address, 0o600], [endpoint.secretFile, 0o600]] as const) expect(statSync(path).mode & 0o777).toBe(mode);
    const { answer, socket } = await list();
    socket.destroy();
    expect(answer).toEqual(LIST);
    expect(lines.join('')).not.toContain(readFileSync(endpoint.secretFile, 'utf8'));
  });

  test('carries bytes both ways behind the answer, not one lost', async () => {
    const { socket } = await askApp(endpoint, user, { kind: 'proxy', resource: 'web' });
    const sent = Buffer.alloc(300_000, 'x');
    const back: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => back.push(chunk));
    socket.end(sent);
    await once(socket, 'end');
    expect(Buffer.concat(back).equals(sent)).toBe(true);
    socket.destroy();
  });

  test('what the app refuses comes as its code', async () => {
    server.stop();
    server = makeServer(() => Promise.reject(new MavisError('client.resource-ambiguous', { name: 'web', count: 2 })));
    await server.start();
    await expect(list()).rejects.toMatchObject({ code: 'client.resource-ambiguous', args: { name: 'web', count: 2 } });
  });

  test('that is not there means that the app is not running', async () => {
    server.stop();
    await expect(list()).rejects.toMatchObject({ code: 'client.app-not-running' });
  });
});

describe('A26: another program at the socket of the command line', () => {
  test('that does not know the secret is asked for it, told nothing and closed, whatever it says', async () => {
    const nonce = 'n'.repeat(43);
    for (const text of ['', '\n', 'GET / HTTP/1.1\n\n', '{"kind":"ls","filter":""}\n', `${JSON.stringify({ nonce, proof: nonce })}\n`, 'x'.repeat(40_000)]) {
      // One that says nothing is closed after five seconds; here it closes itself.
      if (text === '') continue;
      expect(await say(text)).toMatch(/^\{"nonce":"[A-Za-z0-9_-]{43}"\}\n$/);
    }
    expect(asked).toEqual([]);
    expect(lines.join('')).toContain('a stranger at the socket');
  });

  test('cannot send back what the app itself has proved: each side has a proof of its own', () => {
    const nonces = { app: 'a', command: 'b' };
    expect(proofOf('app', 's', nonces)).not.toBe(proofOf('command', 's', nonces));
    expect(proofOf('app', 's', nonces)).not.toBe(proofOf('app', 's', { app: 'b', command: 'a' }));
  });

  test('that listens in the app’s place learns no secret and is found out', async () => {
    server.stop();
    const secret = 'k'.repeat(43);
    writeFileSync(endpoint.secretFile, secret, { mode: 0o600 });
    const heard: string[] = [];
    imposter = createServer((socket) => {
      socket.on('data', (chunk) => {
        heard.push(chunk.toString('utf8'));
        socket.write(`${JSON.stringify({ proof: 'p'.repeat(43) })}\n`);
      });
      socket.on('error', () => undefined);
      socket.write(`${JSON.stringify({ nonce: 'n'.repeat(43) })}\n`);
    });
    imposter.listen(endpoint.address);
    await once(imposter, 'listening');
    await expect(list()).rejects.toMatchObject({ code: 'client.command-not-trusted' });
    expect(heard.join('')).not.toContain(secret);
    expect(heard.join('')).not.toContain('"kind"');
  });

  test.each([
    ['the folder is a link to another place', () => {
      renameSync(endpoint.folder, `${endpoint.folder}-elsewhere`);
      symlinkSync(`${endpoint.folder}-elsewhere`, endpoint.folder);
    }],
    ['the folder is open to others', () => chmodSync(endpoint.folder, 0o755)],
    ['the socket is a link', () => {
      renameSync(endpoint.address, `${endpoint.address}-elsewhere`);
      symlinkSync(`${endpoint.address}-elsewhere`, endpoint.address);
    }],
    ['the secret is a link', () => {
      renameSync(endpoint.secretFile, `${endpoint.secretFile}-elsewhere`);
      symlinkSync(`${endpoint.secretFile}-elsewhere`, endpoint.secretFile);
    }],
    ['the secret is readable to others', () => chmodSync(endpoint.secretFile, 0o644)],
    ['the secret is none', () => writeFileSync(endpoint.secretFile, 'short')],
  ])('the command asks nobody where %s', async (_what, tamper) => {
    tamper();
    await expect(list()).rejects.toMatchObject({ code: 'client.command-not-trusted' });
    expect(asked).toEqual([]);
  });

  test('the app follows no link to place its socket or its secret, and writes through none', async () => {
    server.stop();
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'untouched');
    for (const path of [endpoint.secretFile, endpoint.address]) {
      rmSync(path, { force: true });
      symlinkSync(victim, path);
    }
    await server.start();
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect((await list()).answer).toEqual(LIST);
    server.stop();
    rmSync(endpoint.folder, { recursive: true });
    mkdirSync(join(folder, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(folder, 'elsewhere'), endpoint.folder);
    await expect(server.start()).rejects.toMatchObject({ code: 'client.command-not-trusted' });
  });
});

describe('where the command line finds the app', () => {
  test('a path that is too long for a socket is below the temporary folder, under the account’s own name there', () => {
    const long = `/home/${'x'.repeat(120)}`;
    expect(commandEndpoint(long, { platform: 'linux', temporaryFolder: '/tmp', user: 1000 }).address).toMatch(/^\/tmp\/mavis-1000-[0-9a-f]{24}\/socket$/);
    expect(commandEndpoint('/home/a', { platform: 'linux', temporaryFolder: '/tmp', user: 1000 }).address).toBe('/home/a/command/socket');
  });

  test('on Windows a pipe of the profile’s own (not run on Windows)', () => {
    expect(commandEndpoint('C:\\Users\\a', { platform: 'win32', temporaryFolder: '', user: undefined }).address).toMatch(/^\\\\\.\\pipe\\mavis-[0-9a-f]{24}$/);
  });
});
