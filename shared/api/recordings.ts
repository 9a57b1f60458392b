import { z } from 'zod';
import { connectionId, connectionReference, gatewayId, instant, protocol, recordingId } from '../ids.ts';
import { defineRoute, pageOf, pageQuery } from './route.ts';

export const recordingState = z.enum(['recording', 'sealed', 'recovered', 'incomplete']);
export type RecordingState = z.infer<typeof recordingState>;

export const recordingSummary = z.object({
  id: recordingId,
  connectionId,
  reference: connectionReference,
  userName: z.string(),
  resourceName: z.string(),
  protocol,
  gatewayId,
  gatewayName: z.string(),
  startedAt: instant,
  endedAt: instant.nullable(),
  durationMs: z.number().int().nullable(),
  sizeBytes: z.number().int(),
  state: recordingState,
  /** Why it is not whole, as a code of the error catalogue; null where it is. */
  code: z.string().nullable(),
  /** Whether the bytes have been pulled from the gateway and verified. */
  stored: z.boolean(),
});
export type RecordingSummary = z.infer<typeof recordingSummary>;

export const recordingVerification = z.object({ ok: z.boolean(), frames: z.number().int(), headHash: z.string(), signed: z.boolean(), code: z.string().nullable(), detail: z.string() });
export type RecordingVerification = z.infer<typeof recordingVerification>;

const byId = z.object({ recordingId });
const readers = ['admin', 'auditor'] as const;
export const recordingsRoutes = {
  recordingList: defineRoute({ method: 'GET', path: '/v1/recordings', summary: 'Recordings, newest first', access: readers, query: pageQuery.extend({ reference: z.string().max(20).optional(), search: z.string().max(200).optional() }), response: pageOf(recordingSummary) }),
  recordingRead: defineRoute({ method: 'GET', path: '/v1/recordings/:recordingId', summary: 'One recording\'s description', access: readers, params: byId, response: recordingSummary }),
  /** The opened frames, as `shared/recording/playback.ts` reads them; each reading is an audit entry. */
  recordingPlayback: defineRoute({ method: 'GET', path: '/v1/recordings/:recordingId/playback', summary: 'The recorded frames with their times, for playing', access: readers, params: byId, response: z.unknown(), mediaType: 'application/octet-stream' }),
  recordingAsciicast: defineRoute({ method: 'GET', path: '/v1/recordings/:recordingId/asciicast', summary: 'The recording as asciicast, for asciinema players', access: readers, params: byId, query: z.object({ version: z.coerce.number().int().min(2).max(3).default(3) }), response: z.unknown(), mediaType: 'application/x-asciicast' }),
  recordingVerify: defineRoute({ method: 'POST', path: '/v1/recordings/:recordingId/verify', summary: 'Check hash chain and signature', access: readers, params: byId, response: recordingVerification }),
} as const;
