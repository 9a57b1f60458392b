import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { profileId } from '../../../shared/ids.ts';
import { HostKeys } from '../../../src-main/foreign-clients/host-keys.ts';
import { OneTimePassword } from '../../../src-main/foreign-clients/one-time-password.ts';
import { isOtherUser, userInTable } from '../../../src-main/foreign-clients/peer-user.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C41 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 29837 1 0000000000000000 100 0 0 10 0
   1: 0100007F:9C41 0100007F:D903 01 00000000:00000000 00:00000000 00000000  1000        0 29840 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:D903 0100007F:9C41 01 00000000:00000000 00:00000000 00000000  1001        0 29839 1 0000000000000000 20 4 30 10 -1
`;
const TABLE_6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000100007F:D904 0000000000000000FFFF00000100007F:9C41 01 00000000:00000000 00:00000000 00000000  1002        0 29841 1 0000000000000000 20 4 30 10 -1
`;
const ENDS_6 = { peerPort: 0xd904, localPort: 0x9c41 };
const ENDS = { peerPort: 0xd903, localPort: 0x9c41 };

describe('A26: who connected to a local port', () => {
  test('stands in the kernel\'s table by both ports, and is not mistaken for our own end', () => {
    expect(userInTable(TABLE, ENDS)).toBe(1001);
    expect(userInTable(TABLE, { peerPort: ENDS.localPort, localPort: ENDS.peerPort })).toBe(1000);
    expect(userInTable(TABLE, { ...ENDS, peerPort: 1 })).toBeUndefined();
    expect(userInTable('', ENDS)).toBeUndefined();
  });

  test('is another account where a table says so or none names it; where the system has no tables the password decides', async () => {
    const tables = async (): Promise<string[]> => [TABLE, TABLE_6];
    expect(await isOtherUser(ENDS, 1000, tables)).toBe(true);
    expect(await isOtherUser(ENDS, 1001, tables)).toBe(false);
    expect(await isOtherUser(ENDS_6, 1000, tables)).toBe(true);
    expect(await isOtherUser(ENDS_6, 1002, tables)).toBe(false);
    expect(await isOtherUser({ ...ENDS, peerPort: 1 }, 1000, tables)).toBe(true);
    expect(await isOtherUser(ENDS, undefined, tables)).toBe(false);
    expect(await isOtherUser(ENDS, 1000, () => Promise.reject(new Error('no such file')))).toBe(false);
  });

  test('is looked for again where the tables moved while they were read', async () => {
    const looks = [[''], ['', ''], [TABLE]];
    expect(await isOtherUser(ENDS, 1001, async () => looks.shift() ?? [])).toBe(false);
    expect(looks).toEqual([]);
  });

  test.runIf(process.platform === 'linux').each(['127.0.0.1', '::ffff:127.0.0.1'])('over %s is found in the tables of this machine', async (host) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const localPort = typeof address === 'object' && address !== null ? address.port : 0;
    const came = once(server, 'connection');
    const socket = connect({ host, port: localPort });
    try {
      await came;
      await expect.poll(() => socket.localPort).toBeTypeOf('number');
      const ends = { peerPort: socket.localPort ?? 0, localPort };
      const own = process.getuid?.();
      expect(await isOtherUser(ends, own)).toBe(false);
      expect(await isOtherUser(ends, (own ?? 0) + 1)).toBe(true);
    } finally {
      socket.destroy();
      server.close();
    }
  });
});

describe('A26: a one-time password', () => {
  test('has 125 bits, is taken once, and each is another', () => {
    const [one, other] = [new OneTimePassword(() => undefined), new OneTimePassword(() => undefined)];
    expect(one.text).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    expect(one.text).not.toBe(other.text);
    expect(one.take(other.text)).toBe(false);
    expect(one.take(` ${one.text}\n`)).toBe(true);
    expect(one.take(one.text)).toBe(false);
  });

  test('is not taken any more after ten wrong ones, of which the owner hears once', () => {
    const guessed: number[] = [];
    const one = new OneTimePassword((count) => guessed.push(count));
    for (let wrong = 0; wrong < 12; wrong += 1) expect(one.take(`wrong ${wrong}`)).toBe(false);
    expect(one.take(one.text)).toBe(false);
    expect(guessed).toEqual([10]);
  });
});

describe('rule 30: the host key', () => {
  const [first, second] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'].map((id) => profileId.parse(id)) as [ReturnType<typeof profileId.parse>, ReturnType<typeof profileId.parse>];

  test('is one a profile, on disk before it is given, and the same after a restart', async () => {
    const written: unknown[] = [];
    const keys = new HostKeys({ write: async (value) => void written.push(value) });
    const [one, again, other] = [await keys.of(first), await keys.of(first), await keys.of(second)];
    expect(again).toBe(one);
    expect(other.fingerprint).not.toBe(one.fingerprint);
    expect(one).toMatchObject({ alias: `mavis-${first}`, publicKey: expect.stringMatching(/^ecdsa-sha2-nistp256 /), fingerprint: expect.stringMatching(/^SHA256:/) });
    const later = new HostKeys({ write: async () => undefined });
    later.load(written.at(-1));
    expect((await later.of(first)).fingerprint).toBe(one.fingerprint);
    expect((await later.of(second)).fingerprint).toBe(other.fingerprint);
  });

  test('that cannot be read is made anew', async () => {
    const keys = new HostKeys({ write: async () => undefined });
    for (const value of [null, { profiles: { [first]: { privateKey: 'nothing' } } }, { profiles: { 'no id': { privateKey: '' } } }]) keys.load(value);
    expect((await keys.of(first)).fingerprint).toMatch(/^SHA256:/);
  });
});
