import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { InventoryState, Session, SessionId, StoreStates, UpdatesState } from '../../shared/ipc/stores.ts';

/** What the user is told of outside of our windows: of a session, or of Gateway segments. */
export type Notice =
  | { readonly kind: 'ends-soon'; readonly sessionId: SessionId; readonly resource: string; readonly at: string }
  | { readonly kind: 'ended'; readonly sessionId: SessionId; readonly resource: string; readonly code: string; readonly args: Readonly<Record<string, string | number>> }
  | { readonly kind: 'watched'; readonly sessionId: SessionId; readonly resource: string }
  | { readonly kind: 'interrupted'; readonly sessionId: SessionId; readonly resource: string }
  | { readonly kind: 'update-ready'; readonly version: string; readonly install: 'restart' | 'by-hand' }
  | { readonly kind: 'segments-fell'; readonly segments: readonly string[] };

/** Ends that the user has brought about, or that a target's program has by being done. */
const OWN_ENDS: ReadonlySet<string> = new Set<ErrorCode>(['session.closed-by-user', 'session.ended', 'session.watch-ended']);

/** What is new in the sessions since before. */
export function noticesOfSessions(before: StoreStates['sessions'], now: StoreStates['sessions']): Notice[] {
  if (before === now) return [];
  return Object.values(now.items).flatMap((session) => {
    const known = before.items[session.id];
    return known === undefined || known === session ? [] : noticesOf(known, session);
  });
}

function noticesOf(before: Session, { id: sessionId, resourceName: resource, phase, watchedBy, watching }: Session): Notice[] {
  // Whoever only watches sees it as it goes.
  if (watching !== null || before.phase.status !== 'connected') return [];
  if (phase.status === 'ended') return OWN_ENDS.has(phase.error.code) ? [] : [{ kind: 'ended', sessionId, resource, code: phase.error.code, args: phase.error.args }];
  if (phase.status !== 'connected') return [];
  return [
    ...(before.phase.endsSoon === null && phase.endsSoon !== null ? [{ kind: 'ends-soon', sessionId, resource, at: phase.endsSoon.at } as const] : []),
    ...(before.phase.resuming === null && phase.resuming !== null ? [{ kind: 'interrupted', sessionId, resource } as const] : []),
    ...((watchedBy?.watchers ?? 0) > (before.watchedBy?.watchers ?? 0) ? [{ kind: 'watched', sessionId, resource } as const] : []),
  ];
}

/** The segments of which no Gateway is available any more, in one notice: many fall together. */
export function noticesOfSegments(before: InventoryState, now: InventoryState): Notice[] {
  if (before.segments === now.segments) return [];
  const available = new Set(before.segments.filter((segment) => segment.available > 0).map(({ segment }) => segment));
  const segments = now.segments.flatMap(({ segment, available: left, known }) => (known && left === 0 && segment !== null && available.has(segment) ? [segment] : []));
  return segments.length === 0 ? [] : [{ kind: 'segments-fell', segments }];
}

/** An update that has become ready; once for each version. */
export function noticesOfUpdates(toldVersion: string | undefined, { phase }: UpdatesState): Extract<Notice, { kind: 'update-ready' }>[] {
  return phase.status === 'ready' && phase.offer.version !== toldVersion ? [{ kind: 'update-ready', version: phase.offer.version, install: phase.install }] : [];
}
