import { z } from 'zod';
import { protocol, resourceId } from '../../shared/ids.ts';

/** The scheme by which other programs open the app. */
export const DEEP_LINK_SCHEME = 'mavis';

/** Longer than any link of ours, shorter than anything that is worth reading. */
const MAX_LINK_LENGTH = 200;
/** The one form that there is; what is not exactly of it is no link. */
const FORM = /^mavis:\/\/connect\/(?<resourceId>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\?protocol=(?<protocol>[a-z]+)$/;

const deepLink = z.strictObject({ resourceId, protocol });
/** What a link asks for: ids only, never a command, a host, a path or a name (A20). */
export type DeepLink = z.infer<typeof deepLink>;

/** A link `mavis://connect/RESOURCE?protocol=ssh`, RESOURCE being the resource's id; undefined for anything else. */
export function readDeepLink(text: string): DeepLink | undefined {
  if (text.length > MAX_LINK_LENGTH) return undefined;
  const parsed = deepLink.safeParse({ ...FORM.exec(text)?.groups });
  return parsed.success ? parsed.data : undefined;
}

/**
 * The text among a command line's words that claims to be a link of ours, or undefined. The first counts: the system gives one, and
 * what follows it was not put there by the system.
 */
export function linkAmong(words: readonly string[]): string | undefined {
  return words.slice(1).find((word) => word.toLowerCase().startsWith(`${DEEP_LINK_SCHEME}:`));
}
