import { routes } from '../../shared/api/index.ts';
import { handle } from '../http/bound-route.ts';
import type { SegmentRenaming } from './segment-renaming.ts';

/** The routes of segments that change resources too. */
export function segmentRoutes(renaming: Pick<SegmentRenaming, 'rename'>) {
  return { segmentRename: handle(routes.segmentRename, ({ params, body }, { actor }) => renaming.rename(actor, params.segment, body.name)) };
}
