import { createHash, generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import { z } from 'zod';
import { type ProfileId, profileId } from '../../shared/ids.ts';
import type { JsonFile } from '../stored-files/json-file.ts';

/** The key by which foreign SSH clients know this app in one profile (rule 30). */
export interface HostKey {
  /** ECDSA P-256, PEM (SEC 1). */
  readonly privateKey: string;
  /** As it stands in `known_hosts`: type and base64. */
  readonly publicKey: string;
  /** `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
  /** The name under which `known_hosts` holds it, whatever resource is meant. */
  readonly alias: string;
}

const stored = z.object({ profiles: z.record(z.string(), z.object({ privateKey: z.string().max(4096) })) });

/** One host key a profile, made when it is first needed and kept, so that `known_hosts` stays true. The file is readable to this account alone, as those of OpenSSH are. */
export class HostKeys {
  readonly #file: Pick<JsonFile, 'write'>;
  readonly #keys = new Map<ProfileId, HostKey>();

  constructor(file: Pick<JsonFile, 'write'>) {
    this.#file = file;
  }

  /** Takes what stood in the file; a key that cannot be read is left out, and made anew when it is needed. */
  load(value: unknown): void {
    const parsed = stored.safeParse(value);
    if (!parsed.success) return;
    for (const [id, { privateKey }] of Object.entries(parsed.data.profiles)) {
      const profile = profileId.safeParse(id);
      const key = profile.success ? readHostKey(profile.data, privateKey) : undefined;
      if (profile.success && key !== undefined) this.#keys.set(profile.data, key);
    }
  }

  /** Lines of `known_hosts` for the keys of all profiles that have one. */
  get knownHosts(): string {
    return [...this.#keys.values()].map(({ alias, publicKey }) => `${alias} ${publicKey}\n`).join('');
  }

  /** The key of a profile, which is on disk before it is given. Rejects with the system's error. */
  async of(profile: ProfileId): Promise<HostKey> {
    const known = this.#keys.get(profile);
    if (known !== undefined) return known;
    // Made by Node, not by ssh2, whose Ed25519 keys are unreadable to itself one time in 250 (1.17.0).
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = readHostKey(profile, privateKey.export({ type: 'sec1', format: 'pem' }).toString());
    if (key === undefined) throw new Error('a host key that was just made cannot be read');
    this.#keys.set(profile, key);
    await this.#file.write({ profiles: Object.fromEntries([...this.#keys].map(([id, one]) => [id, { privateKey: one.privateKey }])) });
    return key;
  }
}

function readHostKey(profile: ProfileId, privateKey: string): HostKey | undefined {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) return undefined;
  const bytes = parsed.getPublicSSH();
  return { privateKey, publicKey: `${parsed.type} ${bytes.toString('base64')}`, fingerprint: `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`, alias: `mavis-${profile}` };
}
