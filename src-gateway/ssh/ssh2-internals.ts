import { createSecretKey } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Client, Connection, ServerChannel } from 'ssh2';
import { freeMemory } from '../../shared/proxy-stream/free-memory.ts';
import { PacketSealer } from './packet-sealer.ts';

// What ssh2 1.17 can do and offers no method for. All that the gateway takes of its insides stands in this file;
// `test/unit/gateway/ssh2-internals.test.ts` fails where a newer ssh2 has changed it.

export const AGENT_CHANNEL = 'auth-agent@openssh.com';
/** What ssh2's own channels announce (`MAX_WINDOW` and `PACKET_SIZE` of its `lib/Channel.js`): its server counts from these. */
const CHANNEL_WINDOW_BYTES = 2 * 1024 * 1024;
const CHANNEL_PACKET_BYTES = 32 * 1024;

/**
 * Opens a channel to the client's agent. ssh2's server can write the packet (`_protocol.openssh_authAgent` of
 * `lib/protocol/Protocol.js`), but its `openChannel` (`lib/server.js`) does not know the type. So this does what that function
 * does for others: it puts a callback that names the type under a number (`_chanMgr.add` of `lib/utils.js`), which the answer
 * turns into a channel, and sends the packet with that number. Rejects where the client refuses or goes.
 */
export function openAgentChannel(connection: Connection): Promise<ServerChannel> {
  return new Promise((resolve, reject) => {
    const answered = Object.assign((error: Error | undefined, channel: ServerChannel) => (error === undefined ? resolve(channel) : reject(error)), { type: AGENT_CHANNEL });
    const number = callOn(partOf(connection, '_chanMgr'), 'add', answered);
    if (typeof number !== 'number' || number < 0) throw new Error('no free channels');
    callOn(partOf(connection, '_protocol'), 'openssh_authAgent', number, CHANNEL_WINDOW_BYTES, CHANNEL_PACKET_BYTES);
  });
}

/**
 * Asks before ssh2 sees that a target opens a channel: ssh2 refuses by itself, and silently, what it was not told to expect,
 * so that nobody could count a flood (`_protocol._handlers.CHANNEL_OPEN` of `lib/client.js`). The client must be connected.
 */
export function watchChannelOpens(client: Client, mayBeSeen: (type: string) => boolean): void {
  const handlers = partOf(partOf(client, '_protocol'), '_handlers');
  const handle: unknown = Reflect.get(handlers, 'CHANNEL_OPEN');
  if (typeof handle !== 'function') throw new Error('ssh2 has no CHANNEL_OPEN');
  Reflect.set(handlers, 'CHANNEL_OPEN', (protocol: unknown, info: unknown): void => {
    const type: unknown = typeof info === 'object' && info !== null ? Reflect.get(info, 'type') : undefined;
    if (mayBeSeen(typeof type === 'string' ? type : '')) Reflect.apply(handle, undefined, [protocol, info]);
  });
}

const GCM_CIPHERS = ['aes-128-gcm', 'aes-256-gcm'] as const;

/**
 * Makes a connection to a target cheap: puts a cipher of our own where ssh2 has its own for AES-GCM (`_protocol._cipher`, an
 * `AESGCMCipherNative` of `lib/protocol/crypto.js`), and lets what a turn writes leave in one system call. To be called at each
 * `handshake`, when ssh2 has just made its ciphers from new keys and nothing waits. Ciphers of another kind, and those of ssh2's
 * native addon, stay as they are.
 */
export function sealCheaply(client: Client, socket: Socket): void {
  const protocol = partOf(client, '_protocol');
  const decipher = partOf(protocol, '_decipher');
  // The same key, in the form that Node needs not look at anew for each packet.
  const openingKey: unknown = Reflect.get(decipher, '_decipherKey');
  if (Buffer.isBuffer(openingKey)) {
    Reflect.set(decipher, '_decipherKey', createSecretKey(openingKey));
    // This decipher writes into memory of its own: what came is of no more use when ssh2 has looked at it.
    socket.off('data', freeMemory).on('data', freeMemory);
  }
  const replaced = partOf(protocol, '_cipher');
  const [name, key, iv, sequence] = ['_encSSLName', '_encKey', '_encIV', 'outSeqno'].map((part): unknown => Reflect.get(replaced, part));
  const cipher = GCM_CIPHERS.find((known) => known === name);
  if (cipher === undefined || !Buffer.isBuffer(key) || !Buffer.isBuffer(iv) || typeof sequence !== 'number') return;
  callOn(replaced, 'free');
  let corked = false;
  const uncork = (): void => {
    corked = false;
    socket.uncork();
  };
  const write = (parts: readonly Uint8Array[], written: () => void): void => {
    if (!socket.writable) return;
    if (!corked) {
      corked = true;
      socket.cork();
      setImmediate(uncork);
    }
    for (const [at, part] of parts.entries()) {
      if (at < parts.length - 1) socket.write(part);
      else socket.write(part, (error) => {
        // Where it failed, the system may still hold the memory.
        if (error === null || error === undefined) written();
      });
    }
  };
  Reflect.set(protocol, '_cipher', new PacketSealer({ cipher, key: createSecretKey(key), iv, sequence, write }));
}

/** Why a target's shell or command was not opened, where it was for a forwarding that the target refuses (`reqAgentFwd`, `reqX11` of `lib/client.js`). */
export function refusedForwarding(error: unknown): 'agent' | 'x11' | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === 'Unable to request agent forwarding') return 'agent';
  return error.message === 'Unable to request X11' ? 'x11' : undefined;
}

/** Whether a target's shell or command was not opened because the target gives no terminal (`reqPty` of `lib/client.js`). */
export function refusedTerminal(error: unknown): boolean {
  return error instanceof Error && error.message === 'Unable to request a pseudo-terminal';
}

function partOf(owner: object, name: string): object {
  const part: unknown = Reflect.get(owner, name);
  if (typeof part !== 'object' || part === null) throw new Error(`ssh2 has no ${name}`);
  return part;
}

function callOn(owner: object, name: string, ...parameters: readonly unknown[]): unknown {
  const method: unknown = Reflect.get(owner, name);
  if (typeof method !== 'function') throw new Error(`ssh2 has no ${name}`);
  return Reflect.apply(method, owner, parameters);
}
