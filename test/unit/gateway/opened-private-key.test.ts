import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inRepository } from '../../../scripts/set-up/repository.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { bcryptRounds, MAX_BCRYPT_ROUNDS, openSshKeyBody } from '../../../shared/ssh/open-ssh-private-key.ts';
import { PrivateKeyOpener } from '../../../src-gateway/ssh/private-key-opener.ts';
import { openedPrivateKey as openedByService } from '../../../src-service/credentials/opened-private-key.ts';

const PASSPHRASE = 'several unrelated words';
const stays = new AbortController().signal;
let folder: string;
let number = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

/** A key as ssh-keygen makes it, with its public line. */
function makeKey(...more: readonly string[]): { readonly text: string; readonly publicLine: string } {
  const file = join(folder, `key-${(number += 1)}`);
  execFileSync('ssh-keygen', ['-q', '-N', PASSPHRASE, '-C', 'a comment', '-f', file, ...more]);
  return { text: readFileSync(file, 'utf8'), publicLine: readFileSync(`${file}.pub`, 'utf8') };
}

/** The key's public half in base64, as far as a text without a passphrase gives it. */
function publicOf(text: string): string {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key.getPublicSSH().toString('base64');
}

describe.each([
  ['gateway', (privateKey: string, passphrase: string) => new PrivateKeyOpener().open(privateKey, passphrase, stays)],
  ['service', openedByService],
] as const)('a private key under a passphrase, opened by the %s', (_, opened) => {
  test.each([
    ['Ed25519', ['-t', 'ed25519', '-a', '2']],
    ['ECDSA', ['-t', 'ecdsa', '-b', '384', '-a', '2']],
    ['RSA', ['-t', 'rsa', '-b', '2048', '-a', '2']],
    ['RSA in PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
  ])('is the same key without one: %s', async (_kind, how) => {
    const { text, publicLine } = makeKey(...how);
    const clear = await opened(text, PASSPHRASE);
    expect(publicLine.split(' ')[1]).toBe(publicOf(clear));
    expect(clear).not.toContain(PASSPHRASE);
    await expect(opened(text, 'another')).rejects.toMatchObject({ code: 'credential.key-unreadable' });
  });

  test('stands in nobody\'s way while its passphrase is stretched', async () => {
    const { text } = makeKey('-t', 'ed25519', '-a', '24');
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    await opened(text, PASSPHRASE).finally(() => clearInterval(ticking));
    // On the loop itself it would be a single turn.
    expect(turns).toBeGreaterThan(20);
  });

  test('is refused at once where it asks for more rounds than are allowed', async () => {
    const { text } = makeKey('-t', 'ed25519', '-a', '2');
    const body = Buffer.from(openSshKeyBody(text) ?? '', 'base64');
    const place = body.indexOf(Buffer.of(0, 0, 0, 2), body.indexOf('bcrypt'));
    body.writeUInt32BE(0xffff_ffff, place);
    const hostile = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
    expect(bcryptRounds(body)).toBe(0xffff_ffff);
    await expect(opened(hostile, PASSPHRASE)).rejects.toMatchObject({ code: 'credential.key-unreadable' });
  });
});

describe('keys that the gateway opens', () => {
  test('go into so many threads at once and no more; the others wait, and all are opened', async () => {
    const { text } = makeKey('-t', 'ed25519', '-a', '2');
    const opener = new PrivateKeyOpener(2);
    const before = threads();
    let most = 0;
    const counting = setInterval(() => (most = Math.max(most, threads() - before)), 1);
    const opened = await Promise.all(Array.from({ length: 7 }, () => opener.open(text, PASSPHRASE, stays))).finally(() => clearInterval(counting));
    expect(new Set(opened).size).toBe(1);
    expect(most).toBe(2);
  });

  test('end with the sign-on that wanted them: the thread with the one that runs, the turn with the one that waits', async () => {
    const slow = makeKey('-t', 'ed25519', '-a', String(MAX_BCRYPT_ROUNDS)).text;
    const quick = makeKey('-t', 'ed25519', '-a', '2').text;
    const opener = new PrivateKeyOpener(1);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = opener.open(slow, PASSPHRASE, running.signal);
    const second = opener.open(slow, PASSPHRASE, waiting.signal);
    const third = opener.open(quick, PASSPHRASE, stays);
    waiting.abort(new MavisError('connect.cancelled'));
    await expect(second).rejects.toMatchObject({ code: 'connect.cancelled' });
    running.abort(new MavisError('target.lost'));
    await expect(first).rejects.toMatchObject({ code: 'target.lost' });
    expect(publicOf(await third)).not.toBe('');
    await expect(opener.open(quick, PASSPHRASE, running.signal)).rejects.toMatchObject({ code: 'target.lost' });
  });

  test('are not called unreadable where the thread itself is at fault', async () => {
    const opener = new PrivateKeyOpener(1, new URL('no-such-worker.ts', import.meta.url));
    await expect(opener.open(makeKey('-t', 'ed25519', '-a', '2').text, PASSPHRASE, stays)).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
  });
});

test('service and gateway open keys with the same module', () => {
  const read = (place: string): string => readFileSync(inRepository(place, 'private-key-worker.ts'), 'utf8');
  expect(read('src-gateway/ssh')).toBe(read('src-service/credentials'));
});

/** Threads of this program that open something. */
function threads(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
}

test('rounds are read as ssh-keygen writes them, and of what is no such key there are none', () => {
  const bodyOf = (text: string): Buffer => Buffer.from(openSshKeyBody(text) ?? '', 'base64');
  expect(bcryptRounds(bodyOf(makeKey('-t', 'ed25519', '-a', '7').text))).toBe(7);
  expect(MAX_BCRYPT_ROUNDS).toBeGreaterThan(24);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => bcryptRounds(bytes) === 0));
  const whole = bodyOf(makeKey('-t', 'ed25519', '-a', '7').text);
  for (let length = 0; length < 80; length += 1) expect(bcryptRounds(whole.subarray(0, length))).toBeOneOf([0, 7]);
});
