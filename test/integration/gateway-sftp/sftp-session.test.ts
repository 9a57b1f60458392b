import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { fileOperationLine } from '../../../shared/recording/file-operation.ts';
import type { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { FieldReader, FieldWriter, typeOf } from '../../../shared/sftp/packet-fields.ts';
import { PacketFramer } from '../../../shared/sftp/packet-framer.ts';
import { openFlag, packetType, statusCode } from '../../../shared/sftp/sftp-constants.ts';
import { decodeRefusal } from '../../../shared/sftp/refusal-text.ts';
import { findCommand } from '../../../scripts/set-up/found-command.ts';
import type { SftpClient } from '../../../src-main/files/sftp-client.ts';
import { makeSpool, type TestSpool } from '../../fixtures/recording-spool.ts';
import { endAndRead, openClient, type SftpTestSession, startSftpSession } from '../../fixtures/sftp-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

let target: OpenSshTarget;
let spool: TestSpool;
let folder: string;
let numbers = 0;

beforeAll(async () => {
  target = await startOpenSshTarget();
});
afterAll(async () => {
  await target.stop();
});
beforeEach(async () => {
  spool = await makeSpool();
  folder = join(target.home, `sftp-${process.pid}-${(numbers += 1)}`);
  mkdirSync(folder);
  own(folder);
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  await spool.remove();
});

/** What a test puts there belongs to the target's account, as if it had been there before. */
function own(path: string): void {
  const { uid, gid } = statSync(target.home);
  chownSync(path, uid, gid);
}
function put(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  own(path);
  return path;
}
function makeFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  own(path);
  return path;
}

function session(policy: z.input<typeof sessionPolicy> = {}, extra: Partial<Parameters<typeof makeTargetGrant>[0]> = {}): Promise<SftpTestSession> {
  const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
  return startSftpSession(spool, makeTargetGrant({ protocol: 'sftp', host: target.host, port: target.port, identities: [target.hostKeyFingerprint], credential, policy, ...extra }));
}

async function upload(client: SftpClient, path: string, bytes: Buffer, flags = openFlag.write | openFlag.create | openFlag.truncate): Promise<void> {
  const handle = await client.openFile(path, flags);
  for (let at = 0; at < bytes.length; at += 32_768) {
    const part = bytes.subarray(at, at + 32_768);
    const piece = client.preparePiece(handle, part.length);
    part.copy(piece.data);
    await client.writePiece(handle, at, piece, part.length);
  }
  await client.closeHandle(handle);
}

async function download(client: SftpClient, path: string): Promise<Buffer> {
  const handle = await client.openFile(path, openFlag.read);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let part = await client.readPiece(handle, 0, 32_768); part !== undefined; part = await client.readPiece(handle, at, 32_768)) {
    parts.push(part);
    at += part.length;
  }
  await client.closeHandle(handle);
  return Buffer.concat(parts);
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'allowed', (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error));

describe('files through the gateway', () => {
  test('a target that wants new keys for each megabyte gets them, both ways, and every byte', async () => {
    const strict = await startOpenSshTarget({ extraLines: ['RekeyLimit 1M', 'LogLevel DEBUG1'] });
    try {
      const one = await session({}, { port: strict.port, identities: [strict.hostKeyFingerprint], credential: { kind: 'private-key', userName: strict.user, privateKey: strict.privateKey } });
      const client = await openClient(one);
      const bytes = randomBytes(4 * 1024 * 1024);
      await upload(client, join(folder, 'data.bin'), bytes);
      expect((await download(client, join(folder, 'data.bin'))).equals(bytes)).toBe(true);
      await endAndRead(spool, one);
      await expect.poll(() => strict.log().match(/rekeying (in|out)/g)?.length ?? 0).toBeGreaterThanOrEqual(6);
    } finally {
      await strict.stop();
    }
  });

  test('S15, S20, rule 28: go up and down byte for byte, and each operation stands in the sealed recording', async () => {
    const one = await session();
    const client = await openClient(one);
    const bytes = randomBytes(700_001);
    await client.makeFolder(join(folder, 'new'));
    await upload(client, join(folder, 'new/data.bin'), bytes);
    expect(readFileSync(join(folder, 'new/data.bin')).equals(bytes)).toBe(true);
    expect((await download(client, join(folder, 'new/data.bin'))).equals(bytes)).toBe(true);
    await client.rename(join(folder, 'new/data.bin'), join(folder, 'new/other.bin'), false);
    const names: string[] = [];
    await client.list(join(folder, 'new'), (entries) => void names.push(...entries.map(({ name }) => name)));
    expect(names).toEqual(['other.bin']);
    await client.remove(join(folder, 'new/other.bin'));
    await client.removeFolder(join(folder, 'new'));
    expect(await codeOf(client.remove(join(folder, 'missing')))).toBe('files.not-found');
    const { end, operations, recording } = await endAndRead(spool, one);
    expect(end.code).toBe('session.closed-by-user');
    expect(recording.verification).toMatchObject({ ok: true, state: 'sealed', signed: true });
    expect(recording.header).toMatchObject({ protocol: 'sftp', facts: { kind: 'files', targetIdentity: target.hostKeyFingerprint } });
    const at = (name: string): string => join(folder, name);
    expect(operations).toEqual([
      { operation: 'make-folder', path: at('new'), outcome: 'ok' },
      { operation: 'open', path: at('new/data.bin'), way: 'upload', outcome: 'ok' },
      { operation: 'transfer', path: at('new/data.bin'), way: 'upload', outcome: 'ok', bytes: bytes.length, sha256: sha256(bytes) },
      { operation: 'open', path: at('new/data.bin'), way: 'download', outcome: 'ok' },
      { operation: 'transfer', path: at('new/data.bin'), way: 'download', outcome: 'ok', bytes: bytes.length, sha256: sha256(bytes) },
      { operation: 'rename', path: at('new/data.bin'), to: at('new/other.bin'), outcome: 'ok' },
      { operation: 'list', path: at('new'), outcome: 'ok', entries: 3 },
      { operation: 'remove', path: at('new/other.bin'), outcome: 'ok' },
      { operation: 'remove-folder', path: at('new'), outcome: 'ok' },
      { operation: 'remove', path: at('missing'), outcome: 'failed', status: statusCode.noSuchFile },
    ]);
    expect(recording.index.flatMap((entry) => (entry.kind === 'text' ? [entry.text] : [])).join('')).toContain(sha256(bytes));
    expect(one.activity).toBeGreaterThan(10);
  });

  test('rule 29: a hash stands only of what crossed whole, once and from 0; else the ranges do, and an open file is cut off at the end', async () => {
    const bytes = randomBytes(100_000);
    const path = put('source.bin', bytes);
    const one = await session();
    const client = await openClient(one);
    const half = await client.openFile(path, openFlag.read);
    await client.readPiece(half, 0, 1000);
    await client.readPiece(half, 50_000, 1000);
    await client.closeHandle(half);
    // Two pieces in the wrong order, each once: still whole.
    const swapped = await client.openFile(path, openFlag.read);
    await client.readPiece(swapped, 60_000, 40_000);
    await client.readPiece(swapped, 0, 60_000);
    await client.readPiece(swapped, 100_000, 10);
    await client.closeHandle(swapped);
    // Written over an old file without emptying it: what it holds in the end was not seen.
    await upload(client, path, bytes.subarray(0, 10), openFlag.write);
    const open = await client.openFile(path, openFlag.read);
    await client.readPiece(open, 0, 10);
    const { operations } = await endAndRead(spool, one);
    expect(operations.filter(({ operation }) => operation === 'transfer')).toEqual([
      { operation: 'transfer', path, way: 'download', outcome: 'ok', bytes: 2000, sha256: null, ranges: [[0, 1000], [50_000, 51_000]] },
      { operation: 'transfer', path, way: 'download', outcome: 'ok', bytes: 100_000, sha256: sha256(bytes) },
      { operation: 'transfer', path, way: 'upload', outcome: 'ok', bytes: 10, sha256: null, ranges: [[0, 10]] },
      { operation: 'transfer', path, way: 'download', outcome: 'cut-off', bytes: 10, sha256: null, ranges: [[0, 10]] },
    ]);
  });

  test('S19: where the target has no SFTP there is a failure and no recording', async () => {
    const without = await startOpenSshTarget({ extraLines: ['ForceCommand /bin/false'] });
    try {
      const credential = { kind: 'private-key', userName: without.user, privateKey: without.privateKey } as const;
      const one = await startSftpSession(spool, makeTargetGrant({ protocol: 'sftp', host: without.host, port: without.port, identities: [without.hostKeyFingerprint], credential }));
      expect((await one.ended).code).toMatch(/^target\.(?:lost|channel-refused)$/);
      expect(one.connected).toEqual([]);
      expect(spool.spool.list()).toEqual([]);
    } finally {
      await without.stop();
    }
  });

  test('A24: another host key than the known one refuses before any session', async () => {
    const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
    const grant = makeTargetGrant({ protocol: 'sftp', host: target.host, port: target.port, identities: [target.secondHostKeyFingerprint], credential });
    await expect(startSftpSession(spool, grant)).rejects.toMatchObject({ code: 'target.identity-changed' });
  });

  test('the target\'s end ends the session and says so', async () => {
    const one = await session();
    const client = await openClient(one);
    one.abort.abort();
    await one.ended;
    await expect(client.realPath('.')).rejects.toMatchObject({ code: 'target.lost' });
  });
});

describe('what a rule allows', () => {
  test('S20, rule 21: upload, download and delete are refused each by its own rule', async () => {
    const path = put('file.txt', 'here');
    for (const [policy, allowed] of [[{ filesIn: false }, 'download delete'], [{ filesOut: false }, 'upload delete'], [{ filesDelete: false }, 'upload download']] as const) {
      const one = await session(policy);
      const client = await openClient(one);
      const can = (what: string, code: string): string => (allowed.includes(what) ? 'allowed' : code);
      expect(await codeOf(download(client, path))).toBe(can('download', 'files.download-not-allowed'));
      expect(await codeOf(upload(client, join(folder, 'up.txt'), Buffer.from('x')))).toBe(can('upload', 'files.upload-not-allowed'));
      expect(await codeOf(client.change(path, { mode: 0o600 }))).toBe(can('upload', 'files.upload-not-allowed'));
      expect(await codeOf(client.makeFolder(join(folder, 'made')))).toBe(can('upload', 'files.upload-not-allowed'));
      if (allowed.includes('upload')) expect(await codeOf(client.removeFolder(join(folder, 'made')))).toBe(can('delete', 'files.delete-not-allowed'));
      expect(await codeOf(client.remove(put('gone.txt', '')))).toBe(can('delete', 'files.delete-not-allowed'));
      const { operations } = await endAndRead(spool, one);
      expect(operations.filter(({ outcome }) => outcome === 'refused').every(({ code }) => code?.startsWith('files.'))).toBe(true);
      expect(operations.some(({ outcome }) => outcome === 'refused')).toBe(true);
      rmSync(join(folder, 'made'), { recursive: true, force: true, maxRetries: 10 });
    }
  });

  test('rule 29: folders hold whatever way a path takes there: dots, links, a link to a folder, a new name', async () => {
    const inside = makeFolder('inside');
    const outside = makeFolder('outside');
    put('inside/mine.txt', 'mine');
    put('outside/secret.txt', 'secret');
    symlinkSync(join(outside, 'secret.txt'), join(inside, 'link.txt'));
    symlinkSync(outside, join(inside, 'door'));
    const one = await session({ filePaths: [inside] });
    const client = await openClient(one);
    expect(await client.realPath('.')).toBe(inside);
    expect((await download(client, 'mine.txt')).toString()).toBe('mine');
    expect((await download(client, join(inside, '../inside/./mine.txt'))).toString()).toBe('mine');
    const refused = 'files.path-not-allowed';
    expect(await codeOf(download(client, join(outside, 'secret.txt')))).toBe(refused);
    expect(await codeOf(download(client, `${inside}/../outside/secret.txt`))).toBe(refused);
    expect(await codeOf(download(client, join(inside, 'link.txt')))).toBe(refused);
    expect(await codeOf(download(client, join(inside, 'door/secret.txt')))).toBe(refused);
    expect(await codeOf(client.attributesBehind(join(inside, 'door')))).toBe(refused);
    expect(await codeOf(client.list(join(inside, 'door'), () => undefined))).toBe(refused);
    expect(await codeOf(client.list(folder, () => undefined))).toBe(refused);
    expect(await codeOf(upload(client, join(inside, 'door/new.txt'), Buffer.from('x')))).toBe(refused);
    expect(await codeOf(client.rename(join(inside, 'mine.txt'), join(outside, 'moved.txt'), false))).toBe(refused);
    expect(await codeOf(client.rename(join(inside, 'door/secret.txt'), join(inside, 'got.txt'), true))).toBe(refused);
    expect(await codeOf(client.removeFolder(inside))).toBe(refused);
    // A link itself may be looked at and removed: that follows nothing.
    expect(await codeOf(client.attributes(join(inside, 'link.txt')))).toBe('allowed');
    expect(await codeOf(client.remove(join(inside, 'link.txt')))).toBe('allowed');
    expect(existsSync(join(outside, 'secret.txt'))).toBe(true);
    expect(existsSync(join(outside, 'new.txt'))).toBe(false);
    await endAndRead(spool, one);
  });

  test('rule 29: links are refused under a path rule, and everywhere a name is denied, also by another name', async () => {
    put('id_rsa', 'key');
    symlinkSync(join(folder, 'id_rsa'), join(folder, 'innocent'));
    const one = await session({ deniedFileNames: ['ID_*', '*.exe'] });
    const client = await openClient(one);
    const denied = 'files.name-not-allowed';
    expect(await codeOf(download(client, join(folder, 'id_rsa')))).toBe(denied);
    expect(await codeOf(download(client, join(folder, 'innocent')))).toBe(denied);
    expect(await codeOf(upload(client, join(folder, 'Setup.EXE'), Buffer.from('x')))).toBe(denied);
    expect(await codeOf(client.rename(join(folder, 'id_rsa'), join(folder, 'plain'), false))).toBe(denied);
    expect(await codeOf(upload(client, join(folder, 'plain.txt'), Buffer.from('x')))).toBe('allowed');
    expect(await codeOf(client.rename(join(folder, 'plain.txt'), join(folder, 'plain.exe'), false))).toBe(denied);
    one.stream.write(symlinkRequest(join(folder, 'id_rsa'), join(folder, 'other')));
    await expect.poll(() => existsSync(join(folder, 'other')), { timeout: 2000 }).toBe(false);
    const { operations } = await endAndRead(spool, one);
    expect(operations.find(({ operation }) => operation === 'link')).toMatchObject({ outcome: 'refused', code: 'files.links-not-allowed' });
  });

  test('S20: no file above the size crosses, neither whole nor in pieces, nor by stretching it', async () => {
    const path = put('large.bin', randomBytes(2000));
    put('small.bin', randomBytes(1000));
    const one = await session({ maxFileBytes: 1000 });
    const client = await openClient(one);
    expect(await codeOf(download(client, path))).toBe('files.too-large');
    expect(await codeOf(download(client, join(folder, 'small.bin')))).toBe('allowed');
    expect(await codeOf(upload(client, join(folder, 'up.bin'), randomBytes(1000)))).toBe('allowed');
    expect(await codeOf(upload(client, join(folder, 'up2.bin'), randomBytes(1001)))).toBe('files.too-large');
    expect(await codeOf(client.change(join(folder, 'small.bin'), { size: 5000 }))).toBe('files.too-large');
    expect(await codeOf(client.openFile(join(folder, 'small.bin'), openFlag.write | openFlag.append))).toBe('files.too-large');
    expect(statSync(join(folder, 'up2.bin')).size).toBe(0);
    await endAndRead(spool, one);
  });

  test('S20: open files are bounded, and a flood of requests is answered in full, some at a time', async () => {
    const path = put('open.txt', 'here');
    const one = await session();
    const client = await openClient(one);
    const handles = await Promise.all(Array.from({ length: 256 }, () => client.openFile(path, openFlag.read)));
    expect(await codeOf(client.openFile(path, openFlag.read))).toBe('files.too-many-open');
    await Promise.all(handles.slice(1).map((handle) => client.closeHandle(handle)));
    const [first] = handles;
    const answers = await Promise.all(Array.from({ length: 3000 }, () => client.attributesOfHandle(first ?? new Uint8Array(0))));
    expect(answers.every(({ size }) => size === 4)).toBe(true);
    expect(await codeOf(client.attributesOfHandle(handles[1] ?? new Uint8Array(0)))).toBe('files.target-failed');
    const { operations } = await endAndRead(spool, one);
    expect(operations.filter(({ code }) => code === 'files.too-many-open')).toHaveLength(1);
    expect(operations.at(-1)).toMatchObject({ operation: 'transfer', outcome: 'cut-off' });
  });
});

/** A packet of SYMLINK as a client of no good will sends it: 4,000,000 is a number that nobody waits for. */
function symlinkRequest(to: string, at: string): Uint8Array {
  return new FieldWriter(packetType.symlink, 512).uint32(4_000_000).name(to).name(at).end();
}

/** Sends packets on a bare stream and gives the answers. */
async function exchange(stream: Socket, packets: readonly Uint8Array[], answers: number): Promise<Uint8Array[]> {
  const framer = new PacketFramer();
  const got: Uint8Array[] = [];
  const enough = new Promise<void>((resolve) => {
    stream.on('data', (piece) => {
      got.push(...framer.push(piece).map((packet) => Uint8Array.from(packet)));
      if (got.length >= answers) resolve();
    });
    stream.once('close', resolve);
  });
  for (const packet of packets) stream.write(packet);
  await enough;
  return got;
}
const init = (): Uint8Array => new FieldWriter(packetType.init).uint32(3).end();

describe('clients that no one here wrote', () => {
  test('rule 29: only listed extensions are offered, and all others refused', async () => {
    const one = await session();
    const unknown = new FieldWriter(packetType.extended).uint32(7).bytes(Buffer.from('expand-path@openssh.com')).name('~').end();
    const [version, answer] = await exchange(one.stream, [init(), unknown], 2);
    const offered: string[] = [];
    const reader = new FieldReader(version ?? new Uint8Array(9), 5);
    expect(reader.uint32()).toBe(3);
    while (reader.left > 0) {
      offered.push(reader.text(100));
      reader.text(100);
    }
    expect(offered.toSorted()).toEqual(['fstatvfs@openssh.com', 'fsync@openssh.com', 'hardlink@openssh.com', 'limits@openssh.com', 'lsetstat@openssh.com', 'posix-rename@openssh.com', 'statvfs@openssh.com']);
    const said = new FieldReader(answer ?? new Uint8Array(9));
    expect([typeOf(answer ?? new Uint8Array(9)), said.uint32()]).toEqual([packetType.status, statusCode.unsupported]);
    expect(decodeRefusal(said.text(1000))?.code).toBe('files.extension-not-allowed');
    await endAndRead(spool, one);
  });

  test.each([
    ['a length above the bound', Buffer.from('7fffffff05', 'hex')],
    ['a length of nothing', Buffer.from('00000000', 'hex')],
    ['a field longer than its packet', Buffer.from('000000090400000001ffffffff', 'hex')],
    ['a kind that is none', Buffer.from('000000056300000001', 'hex')],
    ['a packet without a number', Buffer.from('0000000104', 'hex')],
  ])('S20: %s ends the session as a breach of the protocol, and its recording is whole', async (_what, bytes) => {
    const one = await session();
    await exchange(one.stream, [init()], 1);
    one.stream.write(bytes);
    expect((await one.ended).code).toBe('session.protocol-violation');
    const { recording } = await endAndRead(spool, one);
    expect(recording.verification).toMatchObject({ ok: true, state: 'sealed' });
  });

  test('S20, rule 28: OpenSSH\'s own sftp lists, puts, gets and removes, and stands in the log', async () => {
    const sftp = findCommand('sftp');
    if (sftp === undefined) throw new Error('there is no sftp: install the package openssh-client');
    const one = await session();
    const relay = createServer((socket) => socket.pipe(one.stream).pipe(socket)).listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const address = relay.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    const bytes = randomBytes(300_000);
    const here = join(spool.directory, 'here.bin');
    writeFileSync(here, bytes);
    const batch = join(spool.directory, 'batch');
    writeFileSync(batch, [`mkdir ${folder}/foreign`, `put -p ${here} ${folder}/foreign/there.bin`, `ls -l ${folder}/foreign`, `get ${folder}/foreign/there.bin ${here}.back`, `rm ${folder}/foreign/there.bin`, `rmdir ${folder}/foreign`, ''].join('\n'));
    const pipe = join(spool.directory, 'pipe.mjs');
    writeFileSync(pipe, `import { connect } from 'node:net';\nconst socket = connect(${address.port}, '127.0.0.1');\nprocess.stdin.pipe(socket).pipe(process.stdout);\n`);
    const { stdout } = await promisify(execFile)(sftp, ['-b', batch, '-D', `${process.execPath} ${pipe}`], { timeout: 60_000 });
    relay.close();
    expect(stdout).toContain('there.bin');
    expect(readFileSync(`${here}.back`).equals(bytes)).toBe(true);
    const { operations } = await endAndRead(spool, one);
    const lines = operations.map((operation) => fileOperationLine(operation)).join('\n');
    expect(lines).toContain(`put      ${folder}/foreign/there.bin  300000 B  sha256:${sha256(bytes)}  ok`);
    expect(lines).toContain(`get      ${folder}/foreign/there.bin  300000 B  sha256:${sha256(bytes)}  ok`);
    expect(lines).toContain(`rmdir    ${folder}/foreign  ok`);
  });
});
