import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordingId } from '../../../shared/ids.ts';
import { saveAsciicast } from '../../../src-main/playback/playbacks.ts';
import { saveTextFile } from '../../../src-main/stored-files/text-file.ts';
import { WholeFile, writeWhole } from '../../../src-main/stored-files/whole-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-whole-'));
  path = join(folder, 'chosen.txt');
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

describe('a file that the user asked for', () => {
  test('stands whole under its path, for this account alone, and replaces what was there', async () => {
    writeFileSync(path, 'what was there before', { mode: 0o644 });
    await writeWhole(path, async (file) => {
      await Promise.all([file.append('one '), file.append('two')]);
      expect(readFileSync(path, 'utf8')).toBe('what was there before');
    });
    expect(readFileSync(path, 'utf8')).toBe('one two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['chosen.txt']);
  });

  test('B6: a link that waits under the name to be written first is neither followed nor removed', async () => {
    const victim = join(folder, 'victim');
    const planted = join(folder, '.mavis-0123.part');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, planted);
    await expect(WholeFile.create(path, '0123')).rejects.toMatchObject({ code: 'client.file-not-written', args: { reason: 'EEXIST' } });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(lstatSync(planted).isSymbolicLink()).toBe(true);
  });

  test('B6: nor is one that anybody could foresee', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, `${path}.part`);
    await saveTextFile(path, 'a text');
    expect([readFileSync(victim, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['precious', 'a text']);
  });

  test('a link under the path itself is replaced, not written through', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, path);
    await saveTextFile(path, 'a text');
    expect([readFileSync(victim, 'utf8'), lstatSync(path).isSymbolicLink()]).toEqual(['precious', false]);
  });

  test('leaves nothing where it fails on the way or cannot take its path', async () => {
    await expect(writeWhole(path, () => Promise.reject(new Error('the source')))).rejects.toThrow('the source');
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(path);
    await expect(saveTextFile(path, 'a text')).rejects.toMatchObject({ code: 'client.file-not-written', args: { reason: 'EISDIR' } });
    expect(readdirSync(folder)).toEqual(['chosen.txt']);
    await expect(saveTextFile(join(folder, 'missing', 'a.txt'), 'a text')).rejects.toMatchObject({ code: 'client.file-not-written', args: { reason: 'ENOENT' } });
  });
});

describe('a recording that is saved as asciicast', () => {
  const id = recordingId.parse('5f0f3f0a-8d5c-4c0e-9f0a-0d6f8a6b1c11');
  let server: Server;
  let cut = false;
  beforeEach(async () => {
    cut = false;
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('12345', () => (cut ? response.destroy() : response.end('67890')));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.close();
    await once(server, 'close');
  });
  const client = {
    address: 'https://mavis.example',
    open: async (): Promise<IncomingMessage> => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const [response] = (await once(get({ host: '127.0.0.1', port: address.port, agent: false }), 'response')) as [IncomingMessage];
      return response;
    },
  };

  test('is whole', async () => {
    await saveAsciicast(client, id, path);
    expect([readdirSync(folder), readFileSync(path, 'utf8')]).toEqual([['chosen.txt'], '1234567890']);
  });

  test('leaves nothing where the service goes away, and says so', async () => {
    cut = true;
    await expect(saveAsciicast(client, id, path)).rejects.toMatchObject({ entry: { leg: 'L1' } });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('tells where the disk does not take it', async () => {
    await expect(saveAsciicast(client, id, join(folder, 'missing', 'a.cast'))).rejects.toMatchObject({ code: 'client.file-not-written', args: { reason: 'ENOENT' } });
  });
});
