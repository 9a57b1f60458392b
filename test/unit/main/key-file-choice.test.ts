import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeyFileChoice } from '../../../src-main/credentials/key-file-choice.ts';

const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n-----END OPENSSH PRIVATE KEY-----\n';

describe('B16: the file of a private key', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mavis-key-file-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('is told to the page by its name and an id; it is read when it is saved, and under no other id', async () => {
    const path = put('id_ed25519', KEY);
    const choice = new KeyFileChoice(() => Promise.resolve(path));
    const chosen = await choice.choose();
    expect(chosen).toEqual({ id: expect.any(String), name: 'id_ed25519' });
    expect(await choice.read(chosen?.id ?? '')).toBe(KEY);
    await expect(choice.read('00000000-0000-4000-8000-000000000001')).rejects.toMatchObject({ code: 'client.key-file-unreadable' });
    choice.forget();
    await expect(choice.read(chosen?.id ?? '')).rejects.toMatchObject({ code: 'client.key-file-unreadable' });
  });

  test.each([['PEM', '-----BEGIN RSA PRIVATE KEY-----\n'], ['PKCS #8', '-----BEGIN PRIVATE KEY-----\n'], ['PKCS #8, encrypted', '-----BEGIN ENCRYPTED PRIVATE KEY-----\n'], ['PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519\n'], ['with text before it', 'Bag Attributes\n-----BEGIN PRIVATE KEY-----\n']])('is taken as %s', async (_kind, text) => {
    const path = put('key', text);
    expect(await new KeyFileChoice(() => Promise.resolve(path)).choose()).toMatchObject({ name: 'key' });
  });

  test.each([['a public key', 'ssh-ed25519 AAAAC3Nz someone\n'], ['a certificate', '-----BEGIN CERTIFICATE-----\n'], ['some other file', 'salaries of everybody'], ['a file that is too large', KEY.padEnd(32_769, 'a')]])('is not taken where it is %s', async (_kind, text) => {
    const path = put('chosen', text);
    await expect(new KeyFileChoice(() => Promise.resolve(path)).choose()).rejects.toMatchObject({ code: 'client.key-file-unreadable' });
  });

  test('is not taken where it is gone or a folder; no choice is none, and leaves the one before', async () => {
    const answers = [join(folder, 'gone'), folder, put('key', KEY), undefined];
    const choice = new KeyFileChoice(() => Promise.resolve(answers.shift()));
    await expect(choice.choose()).rejects.toMatchObject({ code: 'client.key-file-unreadable' });
    await expect(choice.choose()).rejects.toMatchObject({ code: 'client.key-file-unreadable' });
    const chosen = await choice.choose();
    expect(await choice.choose()).toBeNull();
    expect(await choice.read(chosen?.id ?? '')).toBe(KEY);
  });
});
