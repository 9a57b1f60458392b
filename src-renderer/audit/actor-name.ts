import type { AuditEntry } from '../../shared/api/audit.ts';
import type { useText } from '../language/use-text.ts';

/** Who an entry names. Somebody who signed in under a name that no user has is a user without an id; the service keeps no such name, which may be a mistyped password. */
export function actorName({ actor }: AuditEntry, text: ReturnType<typeof useText>): string {
  return actor.kind === 'user' && actor.id === null ? text('common.unknown') : actor.name;
}
