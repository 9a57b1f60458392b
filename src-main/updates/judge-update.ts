import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { UpdateChannel, UpdateFile, UpdateTarget } from '../../shared/updates/update-manifest.ts';
import { rolloutPlace } from './rollout.ts';
import type { TrustedManifest } from './signed-manifest.ts';
import { compareVersions } from './version-order.ts';

/** The newest manifest of a channel that this computer has taken. */
export interface SeenManifest {
  readonly issuedAt: string;
  readonly digest: string;
  /** Until when its publisher vouches for it as the newest; unknown of one that an earlier version of this app took. */
  readonly expiresAt?: string | undefined;
}

/** What is known here, against which a manifest is held. */
export interface UpdateSituation {
  readonly nowMs: number;
  readonly channel: UpdateChannel;
  readonly target: UpdateTarget;
  /** The version that runs. */
  readonly version: string;
  readonly seen: SeenManifest | undefined;
  /** A random word of this computer's own, made once. */
  readonly installation: string;
}

/** What a manifest means for this computer. */
export type UpdateVerdict =
  | { readonly kind: 'up-to-date' }
  /** There is one, and the roll-out has not come to this computer. */
  | { readonly kind: 'held-back'; readonly version: string }
  | { readonly kind: 'available'; readonly version: string; readonly file: UpdateFile };

/**
 * Holds a manifest whose signature is verified against what is known here (A22). Throws `update.manifest-invalid` for another channel's,
 * `update.feed-expired` (freeze), `update.feed-replayed` (an older manifest than one seen, or another of the same time) and
 * `update.downgrade-refused` (rollback).
 */
export function judgeUpdate({ manifest, digest }: TrustedManifest, { nowMs, channel, target, version, seen, installation }: UpdateSituation): UpdateVerdict {
  if (manifest.channel !== channel) throw new MavisError('update.manifest-invalid');
  if (Date.parse(manifest.expiresAt) <= nowMs) throw new MavisError('update.feed-expired', { date: manifest.expiresAt.slice(0, 10) });
  if (seen !== undefined && !followsOn(manifest.issuedAt, digest, seen)) throw new MavisError('update.feed-replayed', { date: seen.issuedAt.slice(0, 10) });
  const order = compareVersions(manifest.version, version);
  if (order < 0) throw new MavisError('update.downgrade-refused', { offered: manifest.version, installed: version });
  const file = manifest.files.find((one) => one.target === target);
  if (order === 0 || file === undefined) return { kind: 'up-to-date' };
  if (rolloutPlace(installation, manifest.version) >= manifest.rolloutPercent) return { kind: 'held-back', version: manifest.version };
  return { kind: 'available', version: manifest.version, file };
}

/** `update.feed-expired` where the time of the newest manifest seen is over: who keeps every manifest from us holds back newer versions no longer than one that gives us the last (A22). */
export function expiryOf(seen: SeenManifest | undefined, nowMs: number): MavisError | undefined {
  if (seen?.expiresAt === undefined || Date.parse(seen.expiresAt) > nowMs) return undefined;
  return new MavisError('update.feed-expired', { date: seen.expiresAt.slice(0, 10) });
}

function followsOn(issuedAt: string, digest: string, seen: SeenManifest): boolean {
  const [now, before] = [Date.parse(issuedAt), Date.parse(seen.issuedAt)];
  return now > before || (now === before && digest === seen.digest);
}
