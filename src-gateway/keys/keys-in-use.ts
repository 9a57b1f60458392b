import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { gatewayPublicKeys } from '../../shared/gateway-key.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { AnnouncedKeys } from '../../shared/link/messages.ts';
import { nextGatewayKeysText } from '../../shared/link/signed-texts.ts';
import { writeFileSafely } from '../configuration/safe-file.ts';
import { gatewayFingerprint } from './fingerprint.ts';
import { ensureGatewayKeys, type GatewayKeys, KEY_FILES, readGatewayKeys } from './gateway-keys.ts';

/** Signing keys of before, by which recordings that still lie in the spool were sealed. */
const MAX_FORMER = 20;
const formerKeys = z.array(gatewayPublicKeys).max(MAX_FORMER);

/** Where a rotation stands on disk, all in the folder of the keys: `next/` are the keys to come, `switching/` those that are being put in place. */
const NEXT = 'next';
const SWITCHING = 'switching';
/** In `next/`: the fingerprint that the service said it knows. Without it nobody may switch: the service would not know the gateway any more. */
const KNOWN = 'known';
/** In `next/`: somebody at the gateway's machine asked for the switch. */
const SWITCH_ASKED = 'switch-asked';
const FORMER = 'former-keys.json';

/** The keys to come, and whether the service knows them. */
export interface NextKeys {
  readonly keys: GatewayKeys;
  readonly known: boolean;
  readonly switchAsked: boolean;
}

/** Makes the keys to come in a folder of keys, or gives those that are there. For the running gateway and for the command alike. */
export async function makeNextKeys(folder: string, now: Date): Promise<GatewayKeys> {
  return (await ensureGatewayKeys(join(folder, NEXT), now)).keys;
}

/** The keys to come; null where there are none. */
export async function readNextKeys(folder: string): Promise<NextKeys | null> {
  const keys = await readGatewayKeys(join(folder, NEXT));
  if (keys === null) return null;
  const known = (await readIfThere(join(folder, NEXT, KNOWN))) === gatewayFingerprint(keys.publicKeys);
  return { keys, known, switchAsked: (await readIfThere(join(folder, NEXT, SWITCH_ASKED))) !== null };
}

/** Asks the gateway, running now or later, to go by the keys to come. Throws `gateway.no-next-key` or `gateway.key-not-announced`. */
export async function askSwitch(folder: string, gatewayName: string): Promise<void> {
  const next = await readNextKeys(folder);
  if (next === null) throw new MavisError('gateway.no-next-key', { gateway: gatewayName });
  if (!next.known) throw new MavisError('gateway.key-not-announced', { gateway: gatewayName });
  await writeFileSafely(join(folder, NEXT, SWITCH_ASKED), '');
}

export interface KeysInUseParts {
  readonly folder: string;
  readonly gatewayId: GatewayId;
  readonly gatewayName: string;
  readonly now: () => Date;
}

/**
 * The keys that a gateway goes by, and their rotation (rule 15): new ones are made, announced to the service under a signature
 * of the present ones, and put in place when the service knows them. A crash at any step leaves either the one or the other:
 * the folder of the next keys is renamed first, and what is in it is then put in place, at the next start if need be.
 */
export class KeysInUse {
  readonly #parts: KeysInUseParts;
  #current: GatewayKeys;
  #former: readonly z.infer<typeof gatewayPublicKeys>[];
  readonly #listeners: ((keys: GatewayKeys) => void)[] = [];
  #busy: Promise<unknown> = Promise.resolve();

  private constructor(parts: KeysInUseParts, current: GatewayKeys, former: readonly z.infer<typeof gatewayPublicKeys>[]) {
    this.#parts = parts;
    this.#current = current;
    this.#former = former;
  }

  /** Reads the keys, and ends a switch that a crash left unfinished; rejects with `gateway.configuration-invalid` where there are none. */
  static async open(parts: KeysInUseParts): Promise<KeysInUse> {
    await finishSwitch(parts.folder);
    const current = await readGatewayKeys(parts.folder);
    if (current === null) throw new MavisError('gateway.configuration-invalid', { field: 'keys' });
    const former = await readIfThere(join(parts.folder, FORMER));
    return new KeysInUse(parts, current, former === null ? [] : formerKeys.parse(JSON.parse(former)));
  }

  get current(): GatewayKeys {
    return this.#current;
  }

  /** Public signing keys of before. */
  get formerSigningKeys(): readonly KeyObject[] {
    return this.#former.map(({ signing }) => createPublicKey({ key: Buffer.from(signing, 'base64url'), format: 'der', type: 'spki' }));
  }

  /** Calls `listener` with the new keys at each switch. */
  onSwitched(listener: (keys: GatewayKeys) => void): void {
    this.#listeners.push(listener);
  }

  /** Makes the keys to come, where there are none, and gives their announcement. */
  begin(): Promise<AnnouncedKeys> {
    return this.#alone(async () => {
      await makeNextKeys(this.#parts.folder, this.#parts.now());
      const next = await readNextKeys(this.#parts.folder);
      if (next === null) throw new MavisError('internal');
      return this.#announcement(next);
    });
  }

  /** What the service is told with each status: the fingerprint gone by, and the keys to come. Switches first where that was asked for at this machine. */
  report(): Promise<{ readonly fingerprint: string; readonly next: AnnouncedKeys | null }> {
    return this.#alone(async () => {
      let next = await readNextKeys(this.#parts.folder);
      if (next !== null && next.switchAsked && next.known) {
        await this.#switch();
        next = null;
      }
      return { fingerprint: gatewayFingerprint(this.#current.publicKeys), next: next === null ? null : this.#announcement(next) };
    });
  }

  /** The service knows the keys to come. Throws `gateway.no-next-key` where they are others. */
  known(fingerprint: string): Promise<void> {
    return this.#alone(async () => {
      await this.#expectNext(fingerprint);
      await writeFileSafely(join(this.#parts.folder, NEXT, KNOWN), fingerprint);
    });
  }

  /** Goes by the keys to come from now on; doing so already is no error. Throws `gateway.no-next-key`, `gateway.key-not-announced`. */
  switchTo(fingerprint: string): Promise<void> {
    return this.#alone(async () => {
      if (gatewayFingerprint(this.#current.publicKeys) === fingerprint) return;
      const { known } = await this.#expectNext(fingerprint);
      if (!known) throw new MavisError('gateway.key-not-announced', { gateway: this.#parts.gatewayName });
      await this.#switch();
    });
  }

  async #expectNext(fingerprint: string): Promise<NextKeys> {
    const next = await readNextKeys(this.#parts.folder);
    if (next === null || gatewayFingerprint(next.keys.publicKeys) !== fingerprint) throw new MavisError('gateway.no-next-key', { gateway: this.#parts.gatewayName });
    return next;
  }

  #announcement({ keys: { publicKeys }, known }: NextKeys): AnnouncedKeys {
    const text = nextGatewayKeysText(this.#parts.gatewayId, publicKeys);
    return { ...publicKeys, signature: sign(null, Buffer.from(text), this.#current.signingKey).toString('base64url'), known };
  }

  async #switch(): Promise<void> {
    const { folder } = this.#parts;
    // Before anything else: what lies in the spool is told from forgeries by it.
    const former = [this.#current.publicKeys, ...this.#former].slice(0, MAX_FORMER);
    await writeFileSafely(join(folder, FORMER), JSON.stringify(former));
    await rename(join(folder, NEXT), join(folder, SWITCHING));
    await finishSwitch(folder);
    const keys = await readGatewayKeys(folder);
    if (keys === null) throw new MavisError('internal');
    this.#former = former;
    this.#current = keys;
    for (const listener of this.#listeners) listener(keys);
  }

  /** One step of a rotation at a time. */
  #alone<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(step);
    this.#busy = done.catch(() => undefined);
    return done;
  }
}

/** Puts in place what is being switched to; nothing where nothing is. Each step may have been done before a crash. */
async function finishSwitch(folder: string): Promise<void> {
  const switching = join(folder, SWITCHING);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of KEY_FILES) {
    try {
      await rename(join(switching, name), join(folder, name));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  await rm(switching, { recursive: true, force: true });
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
