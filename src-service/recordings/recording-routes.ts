import { routes } from '../../shared/api/index.ts';
import { BytesAnswer, handle } from '../http/bound-route.ts';
import type { RecordingArchive } from './recording-archive.ts';

/** The routes of recordings. */
export function recordingRoutes(archive: Pick<RecordingArchive, 'list' | 'read' | 'playback' | 'asciicast' | 'verify'>) {
  return {
    recordingList: handle(routes.recordingList, ({ query }) => archive.list(query)),
    recordingRead: handle(routes.recordingRead, ({ params }) => archive.read(params.recordingId)),
    recordingPlayback: handle(routes.recordingPlayback, async ({ params }, { actor }) => new BytesAnswer(await archive.playback(params.recordingId, actor))),
    recordingAsciicast: handle(routes.recordingAsciicast, async ({ params, query }, { actor }) =>
      new BytesAnswer(await archive.asciicast(params.recordingId, query.version === 2 ? 2 : 3, actor), `${params.recordingId}.cast`),
    ),
    recordingVerify: handle(routes.recordingVerify, ({ params }, { actor }) => archive.verify(params.recordingId, actor)),
  };
}
