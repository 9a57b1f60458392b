import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { lt } from 'drizzle-orm';
import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import { usedNonces } from '../store/schema.ts';

/** A nonce is good for two minutes: enough for a person's slow machine, and it only ever proves a key. */
const NONCE_VALID_MS = 120_000;
const RANDOM_BYTES = 16;
const TIME_BYTES = 6;

/**
 * Nonces to sign at sign-in, which carry their end and an HMAC instead of being stored: a stranger who asks for millions
 * fills nothing. That one is taken once stands in the database, so it holds for all instances and over a restart.
 */
export class SignInNonces {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #key: Buffer;

  constructor({ database, clock, masterKey }: { database: Database; clock: Pick<Clock, 'now'>; masterKey: Buffer }) {
    this.#database = database;
    this.#clock = clock;
    this.#key = Buffer.from(hkdfSync('sha256', masterKey, '', 'mavis-sign-in-nonce-1', 32));
  }

  issue(): { nonce: string; expiresAt: Date } {
    const expiresAt = new Date(this.#clock.now().getTime() + NONCE_VALID_MS);
    const time = Buffer.alloc(TIME_BYTES);
    time.writeUIntBE(expiresAt.getTime(), 0, TIME_BYTES);
    const content = Buffer.concat([time, randomBytes(RANDOM_BYTES)]);
    return { nonce: Buffer.concat([content, this.#mac(content)]).toString('base64url'), expiresAt };
  }

  /** Whether the nonce is one of ours, in time, and taken now for the first time. */
  async take(nonce: string): Promise<boolean> {
    const bytes = Buffer.from(nonce, 'base64url');
    if (bytes.length !== TIME_BYTES + RANDOM_BYTES + 32) return false;
    const content = bytes.subarray(0, TIME_BYTES + RANDOM_BYTES);
    if (!timingSafeEqual(bytes.subarray(content.length), this.#mac(content))) return false;
    const expiresAtMs = content.readUIntBE(0, TIME_BYTES);
    if (expiresAtMs < this.#clock.now().getTime()) return false;
    return this.takeOnce(content.toString('base64url'), new Date(expiresAtMs));
  }

  /** Takes any nonce once until `expiresAt`: false where it was taken before. Also for signed requests. */
  async takeOnce(nonce: string, expiresAt: Date): Promise<boolean> {
    const nonceSha256 = createHash('sha256').update(nonce).digest('base64url');
    const inserted = await this.#database.insert(usedNonces).values({ nonceSha256, expiresAt }).onConflictDoNothing().returning({ nonceSha256: usedNonces.nonceSha256 });
    return inserted.length === 1;
  }

  /** Forgets nonces that would be refused for their time anyway. */
  async removeOld(): Promise<void> {
    await this.#database.delete(usedNonces).where(lt(usedNonces.expiresAt, this.#clock.now()));
  }

  #mac(content: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(content).digest();
  }
}
