import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { z } from 'zod';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import { sha256 } from '../../shared/ids.ts';
import type { OpenService } from '../open-service.ts';
import { adminOutput, adminRequest, type AdminOutput, type AdminRequest } from './admin-command.ts';
import { assertOwnFolder } from './own-folder.ts';

/** The path of a Unix socket may have 108 bytes at most, 104 on some systems. */
const MAX_SOCKET_PATH_BYTES = 100;
/** A request holds at most a file of 64 MiB, escaped as JSON. */
const MAX_REQUEST_BYTES = 160 * 1024 * 1024;
const MAX_AT_ONCE = 8;
/** A nonce and what stands around it. */
const MAX_HELLO_BYTES = 200;
const MAX_PROOF_BYTES = 1_000;
/** A service proves itself within milliseconds, on a machine that is busy within seconds. */
const PROOF_LIMIT_MS = 30_000;

/** What whoever asks wants signed. */
const hello = z.object({ nonce: sha256 });
const proof = z.object({ signature: z.string().max(200) });

export interface AdminSocket {
  close(): Promise<void>;
}

/** Where the running service of a data folder is reached by commands: `DIR/admin.sock`, or where that path is too long a folder of the account's own under the temporary one; a named pipe on Windows, whose name alone says nothing of whose it is. */
export function adminSocketPath(folder: string): string {
  const hash = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\mavis-service-${hash}`;
  const path = join(resolve(folder), 'admin.sock');
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES ? path : join(tmpdir(), `mavis-service-${String(userInfo().uid)}`, `${hash}.sock`);
}

/** Runs a command in a service; given by whoever serves, so that asking for one loads nothing of it. */
export type RunCommand = (service: OpenService, request: AdminRequest) => AsyncIterable<AdminOutput>;

/** Takes commands for the running service: only the account that runs it can connect (folder 0700, socket 0600). */
export async function startAdminSocket(service: OpenService, run: RunCommand): Promise<AdminSocket> {
  const path = adminSocketPath(service.core.folder);
  const open = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const server = createServer((socket) => {
    if (open.size >= MAX_AT_ONCE) return socket.destroy();
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', (error) => service.core.log.warn('a command was cut off', { error }));
    const answered = answer(service, run, socket).catch((error: unknown) => service.core.log.error('a command failed', { error }));
    running.add(answered);
    void answered.then(() => running.delete(answered));
    return undefined;
  });
  if (process.platform !== 'win32') {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    if (!isInDataFolder(path, service.core.folder)) await assertOwnFolder(dirname(path));
    // The data folder's lock is ours, so a socket that is there is left over.
    await rm(path, { force: true });
  }
  server.listen(path);
  await once(server, 'listening');
  if (process.platform !== 'win32') await chmod(path, 0o600);
  return {
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
      await Promise.all(running);
    },
  };
}

async function answer(service: OpenService, run: RunCommand, socket: Socket): Promise<void> {
  const { nonce } = hello.parse(JSON.parse(await nextLine(socket, MAX_HELLO_BYTES)));
  socket.write(`${JSON.stringify({ signature: service.core.keys.signing.sign(proofText(nonce)) })}\n`);
  const request = adminRequest.parse(JSON.parse(await nextLine(socket, MAX_REQUEST_BYTES)));
  for await (const output of safely(run(service, request))) {
    if (socket.destroyed) return;
    if (!socket.write(`${JSON.stringify(output)}\n`)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
  socket.end();
}

/** A command's output, with what it throws as the last. */
export async function* safely(outputs: AsyncIterable<AdminOutput>): AsyncGenerator<AdminOutput> {
  try {
    yield* outputs;
  } catch (error) {
    const { code, args, cause } = asMavisError(error);
    if (code === 'internal') throw cause ?? error;
    yield { kind: 'error', code, args: { ...args } };
  }
}

/** What is signed to prove that a socket or a pipe is the service's. */
function proofText(nonce: string): string {
  return `mavis-service-commands-1\n${nonce}`;
}

/** The next line. Both sides wait for the other's before they send another, so that nothing comes behind one. */
async function nextLine(socket: Socket, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    const part = Buffer.from(chunk);
    const end = part.indexOf(0x0a);
    chunks.push(end < 0 ? part : part.subarray(0, end));
    bytes += part.length;
    if (bytes > mostBytes) break;
    if (end >= 0) return Buffer.concat(chunks).toString('utf8');
  }
  throw new Error('a line without an end');
}

/**
 * Sends a command to the running service of a data folder; undefined where none runs. A command may hold secrets and its answer is
 * believed, and on Windows anybody may make a pipe of this name: it goes only to who holds the folder's signing key.
 */
export async function askRunningService(folder: string, request: AdminRequest): Promise<AsyncIterable<AdminOutput> | undefined> {
  const path = adminSocketPath(folder);
  try {
    if (process.platform !== 'win32' && !isInDataFolder(path, folder)) await assertOwnFolder(dirname(path));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ECONNREFUSED')) return undefined;
    throw error;
  }
  if (!(await isProved(socket, folder))) {
    socket.destroy();
    return undefined;
  }
  socket.write(`${JSON.stringify(request)}\n`);
  return outputsOf(socket);
}

async function isProved(socket: Socket, folder: string): Promise<boolean> {
  const late = setTimeout(() => socket.destroy(), PROOF_LIMIT_MS);
  const nonce = randomBytes(32).toString('base64url');
  try {
    const key = createPublicKey(await readFile(join(folder, 'keys', 'signing.pem')));
    socket.write(`${JSON.stringify({ nonce })}\n`);
    const { signature } = proof.parse(JSON.parse(await nextLine(socket, MAX_PROOF_BYTES)));
    return verify(null, Buffer.from(proofText(nonce)), key, Buffer.from(signature, 'base64url'));
  } catch {
    // Whatever it said instead, or that it hung up: it is not the service of this folder.
    return false;
  } finally {
    clearTimeout(late);
  }
}

/** The data folder is the caller's own choice; under the temporary folder anybody may have made one of the same name. */
function isInDataFolder(path: string, folder: string): boolean {
  return dirname(path) === resolve(folder);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function* outputsOf(socket: Socket): AsyncGenerator<AdminOutput> {
  for await (const text of createInterface({ input: socket })) yield adminOutput.parse(JSON.parse(text));
}
