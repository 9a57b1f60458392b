import type { Socket } from 'node:net';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { COOKIE_KIND } from './x-authority.ts';
import { setupWith } from './x-setup.ts';

/** An X server of this machine answers in a millisecond. */
const ANSWER_LIMIT_MS = 3000;
/** A server's description of itself is some kilobytes; its answers are 32 bytes. */
const MOST_ANSWER_BYTES = 1024 * 1024;
const EXTENSION = 'SECURITY';
const QUERY_EXTENSION = 98;
const GENERATE_AUTHORIZATION = 1;
const REVOKE_AUTHORIZATION = 2;
/** Values of GenerateAuthorization that are given: the time-out and the trust level. */
const TIMEOUT_AND_TRUST = 0b11;
const UNTRUSTED = 1;
const NO_TIMEOUT = 0;

/** A secret with which programs draw and take their own input, and see nothing of the user's other windows. */
export interface RestrictedAccess {
  readonly secret: Buffer;
  /** Takes it back. */
  revoke(): void;
}

/**
 * Has the X server make a secret for programs that are not trusted (X11 Security Extension, version 7.1), as `ssh -X` does.
 * Takes a connected socket and keeps it until `revoke`. Throws `forwarding.display-not-restricted` where the server cannot.
 */
export async function restrictedAccess(socket: Socket, own: Buffer | undefined): Promise<RestrictedAccess> {
  try {
    const server = new XAnswers(socket);
    // Little-endian, protocol 11.0.
    socket.write(setupWith(Buffer.of(0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0), false, own));
    const greeting = await server.bytes(8);
    if (greeting[0] !== 1) throw new Error('the X server lets nobody in with this secret');
    await server.bytes(greeting.readUInt16LE(6) * 4);
    socket.write(queryExtension());
    const extension = await server.reply();
    const opcode = extension[9] ?? 0;
    if (extension[8] !== 1) throw new Error('no SECURITY extension');
    socket.write(generateAuthorization(opcode));
    const made = await server.reply();
    const secret = made.subarray(32, 32 + made.readUInt16LE(12));
    if (secret.length === 0) throw new Error('no secret');
    const id = made.readUInt32LE(8);
    return {
      secret,
      revoke: () => {
        socket.end(revokeAuthorization(opcode, id));
      },
    };
  } catch (error) {
    socket.destroy();
    throw new MavisError('forwarding.display-not-restricted', {}, { cause: error });
  }
}

/** What an X server sends, taken in the lengths that it says itself. */
class XAnswers {
  #received: Buffer = Buffer.alloc(0);
  #wanted: { readonly length: number; readonly resolve: (bytes: Buffer) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      if (this.#received.length > MOST_ANSWER_BYTES) socket.destroy();
      this.#give();
    });
    socket.once('close', () => this.#wanted?.reject(new Error('the X server left')));
  }

  async bytes(length: number): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.#wanted = { length, resolve, reject };
    const timer = setTimeout(() => reject(new Error('the X server does not answer')), ANSWER_LIMIT_MS);
    this.#give();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#wanted = undefined;
    }
  }

  /** A reply; an error of the server is thrown. */
  async reply(): Promise<Buffer> {
    const head = await this.bytes(32);
    if (head[0] !== 1) throw new Error(`the X server answers ${head[0] ?? ''}`);
    return Buffer.concat([head, await this.bytes(head.readUInt32LE(4) * 4)]);
  }

  #give(): void {
    const wanted = this.#wanted;
    if (wanted === undefined || this.#received.length < wanted.length) return;
    this.#wanted = undefined;
    wanted.resolve(this.#received.subarray(0, wanted.length));
    this.#received = this.#received.subarray(wanted.length);
  }
}

function request(opcode: number, minor: number, body: Buffer): Buffer {
  const head = Buffer.of(opcode, minor, 0, 0);
  head.writeUInt16LE(1 + body.length / 4, 2);
  return Buffer.concat([head, body]);
}

const words = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff)));

function queryExtension(): Buffer {
  return request(QUERY_EXTENSION, 0, Buffer.concat([words(EXTENSION.length), Buffer.from(EXTENSION)]));
}

function generateAuthorization(opcode: number): Buffer {
  const kind = Buffer.alloc(Math.ceil(COOKIE_KIND.length / 4) * 4);
  kind.write(COOKIE_KIND, 'latin1');
  return request(opcode, GENERATE_AUTHORIZATION, Buffer.concat([words(COOKIE_KIND.length, TIMEOUT_AND_TRUST), kind, words(NO_TIMEOUT, UNTRUSTED)]));
}

function revokeAuthorization(opcode: number, id: number): Buffer {
  return request(opcode, REVOKE_AUTHORIZATION, words(id));
}
