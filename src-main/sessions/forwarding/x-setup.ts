import { timingSafeEqual } from 'node:crypto';
import { COOKIE_KIND } from './x-authority.ts';

const HEAD_BYTES = 12;
/** Names and secrets of the protocol are a few dozen bytes. */
const LONGEST_TEXT_BYTES = 256;

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** How far a program's first words to the X server have come. */
export type SetupStep = { readonly kind: 'more' } | { readonly kind: 'refused' } | { readonly kind: 'ready'; readonly setup: Buffer; readonly rest: Buffer };

/**
 * The first words of a program on the target (X protocol, "Connection Setup"): lets them through only with the secret that was
 * made up for the target, and puts the X server's own in its place, as OpenSSH does; so the own one never leaves this machine.
 * `received` is everything so far.
 */
export function exchangeSecret(received: Buffer, madeUp: Buffer, own: Buffer | undefined): SetupStep {
  if (received.length === 0) return { kind: 'more' };
  const big = received[0] === 0x42;
  if (!big && received[0] !== 0x6c) return { kind: 'refused' };
  if (received.length < HEAD_BYTES) return { kind: 'more' };
  const read = (at: number): number => (big ? received.readUInt16BE(at) : received.readUInt16LE(at));
  const [kindBytes, secretBytes] = [read(6), read(8)];
  if (kindBytes > LONGEST_TEXT_BYTES || secretBytes > LONGEST_TEXT_BYTES) return { kind: 'refused' };
  const secretAt = HEAD_BYTES + padded(kindBytes);
  const end = secretAt + padded(secretBytes);
  if (received.length < end) return { kind: 'more' };
  const kind = received.subarray(HEAD_BYTES, HEAD_BYTES + kindBytes).toString('latin1');
  const secret = received.subarray(secretAt, secretAt + secretBytes);
  if (kind !== COOKIE_KIND || secret.length !== madeUp.length || !timingSafeEqual(secret, madeUp)) return { kind: 'refused' };
  return { kind: 'ready', setup: setupWith(received.subarray(0, HEAD_BYTES), big, own), rest: received.subarray(end) };
}

/** The first words with the server's own secret, or with none where it wants none. */
export function setupWith(head: Buffer, big: boolean, own: Buffer | undefined): Buffer {
  const kind = Buffer.from(own === undefined ? '' : COOKIE_KIND);
  const secret = own ?? Buffer.alloc(0);
  const setup = Buffer.alloc(HEAD_BYTES + padded(kind.length) + padded(secret.length));
  head.copy(setup);
  for (const [at, value] of [[6, kind.length], [8, secret.length]] as const) {
    if (big) setup.writeUInt16BE(value, at);
    else setup.writeUInt16LE(value, at);
  }
  kind.copy(setup, HEAD_BYTES);
  secret.copy(setup, HEAD_BYTES + padded(kind.length));
  return setup;
}
