import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { shown } from '../ipc/shown-error.ts';
import type { Log } from '../logging/log.ts';
import { type CommandEndpoint, ownFolder } from './endpoint.ts';
import { Lines } from './lines.ts';
import { appHello, commandHello, commandRequest, type CommandRequest } from './messages.ts';
import { isProof, proofOf } from './proofs.ts';

const MOST_LINE_BYTES = 16 * 1024;
/** Our own command answers at once. */
const HELLO_LIMIT_MS = 5000;
/** Conversations at once: each program that goes through us is one. */
const MOST_CONVERSATIONS = 128;

/** An answer, and what to do with the bytes that follow it. */
export interface Answered {
  readonly value: object;
  readonly serve?: (socket: Socket) => Promise<void>;
}

export interface CommandServerParts {
  readonly endpoint: CommandEndpoint;
  readonly user: number | undefined;
  readonly answer: (request: CommandRequest) => Promise<Answered>;
  readonly log: Log;
}

/** Lets our own command line reach the app that runs: a socket (0600, in a folder of this account alone) or a pipe, and a secret of this launch, which both sides prove to know (rule 30). */
export class CommandServer {
  readonly #parts: CommandServerParts;
  readonly #secret = randomBytes(32).toString('base64url');
  readonly #open = new Set<Socket>();
  #server: Server | undefined;

  constructor(parts: CommandServerParts) {
    this.#parts = parts;
  }

  /** Begins to listen. Rejects with `client.command-not-trusted` where the folder is not this account's alone, else with the system's error. */
  async start(): Promise<void> {
    const { endpoint, user, log } = this.#parts;
    ownFolder(endpoint.folder, user);
    // What stands there is of a launch that is over: only one app runs on a folder. Removed, never opened: a link is not followed.
    for (const path of [endpoint.secretFile, ...(isPipe(endpoint) ? [] : [endpoint.address])]) rmSync(path, { force: true });
    writeFileSync(endpoint.secretFile, this.#secret, { mode: 0o600, flag: 'wx' });
    const server = createServer((socket) => {
      this.#converse(socket).catch((error: unknown) => log.warn('a conversation with the command line failed', {}, error));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(endpoint.address, () => {
        server.off('error', reject);
        server.on('error', (error) => log.warn('the command line is not listened for', {}, error));
        resolve();
      });
    });
    if (!isPipe(endpoint)) chmodSync(endpoint.address, 0o600);
  }

  stop(): void {
    const { endpoint } = this.#parts;
    this.#server?.close();
    for (const socket of this.#open) socket.destroy();
    if (this.#server !== undefined) rmSync(endpoint.secretFile, { force: true });
    this.#server = undefined;
  }

  async #converse(socket: Socket): Promise<void> {
    socket.on('error', () => undefined);
    if (this.#open.size >= MOST_CONVERSATIONS) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    const lines = new Lines(socket);
    if (!(await this.#proved(lines).catch(() => false))) {
      this.#parts.log.warn('a stranger at the socket of the command line');
      socket.destroy();
      return;
    }
    await this.#answer(lines, socket);
  }

  async #proved(lines: Lines): Promise<boolean> {
    const app = randomBytes(32).toString('base64url');
    lines.send(appHello.parse({ nonce: app }));
    const hello = commandHello.safeParse(parsed(await lines.next(MOST_LINE_BYTES, HELLO_LIMIT_MS)));
    if (!hello.success) return false;
    const nonces = { app, command: hello.data.nonce };
    if (!isProof(hello.data.proof, 'command', this.#secret, nonces)) return false;
    lines.send({ proof: proofOf('app', this.#secret, nonces) });
    return true;
  }

  async #answer(lines: Lines, socket: Socket): Promise<void> {
    try {
      const request = commandRequest.safeParse(parsed(await lines.next(MOST_LINE_BYTES, HELLO_LIMIT_MS)));
      if (!request.success) throw new MavisError('request.invalid', { field: request.error.issues[0]?.path.join('.') ?? '' });
      const { value, serve } = await this.#parts.answer(request.data);
      lines.send({ ok: true, value });
      await serve?.(socket);
    } catch (thrown) {
      const error = asMavisError(thrown);
      if (error.code === 'internal') this.#parts.log.error('the command line was not answered', {}, thrown);
      lines.send({ ok: false, ...shown(error) });
    }
    socket.end();
  }
}

function isPipe({ folder, address }: CommandEndpoint): boolean {
  return !address.startsWith(folder);
}

function parsed(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return value;
  } catch {
    return undefined;
  }
}
