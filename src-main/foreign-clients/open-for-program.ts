import type { Duplex } from 'node:stream';
import type { Protocol } from '../../shared/ids.ts';
import { EndedEarly } from '../sessions/viewer/exact-read.ts';
import type { ForeignSession, ForeignSessions } from './foreign-sessions.ts';

/** Opens a session for a program that is connected. Rejects with why there is none, and with EndedEarly where the program has gone meanwhile: the session has been ended then. */
export async function openForProgram(stream: Duplex, sessions: ForeignSessions, protocol: Protocol): Promise<ForeignSession> {
  const session = await sessions.open(protocol);
  if (!stream.destroyed) return session;
  session.end();
  await session.ended;
  throw new EndedEarly();
}
