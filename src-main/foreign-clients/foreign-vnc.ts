import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import { CHALLENGE_BYTES } from '../../shared/vnc/vnc-auth-key.ts';
import { EndedEarly, readExactly } from '../sessions/viewer/exact-read.ts';
import { carry } from './carry.ts';
import type { ForeignSession, ForeignSessions } from './foreign-sessions.ts';
import { openForProgram } from './open-for-program.ts';
import { answersChallenge } from './vnc-auth-check.ts';

/** Who has not said by then who he is, is nobody: a person looks for the password and pastes it. */
const SIGN_ON_LIMIT_MS = 60_000;
const VERSION = Buffer.from('RFB 003.008\n', 'latin1');
const VNC_AUTH = 2;
const ACCEPTED = Buffer.alloc(4);
const FAILED = Buffer.of(0, 0, 0, 1);

export interface ForeignVncParts {
  /** The connection of the viewer: a socket of this machine. */
  readonly stream: Duplex;
  /** Whether the one-time password is one for which this holds; true once at most. */
  readonly password: (holds: (password: string) => boolean) => boolean;
  readonly sessions: ForeignSessions;
  readonly explain: (error: MavisError) => string;
  /** The viewer has proved that it may come in. */
  readonly onLetIn: () => void;
}

/**
 * A foreign VNC viewer's connection: its sign-on ends here, by VncAuth with the one-time password (RFC 6143 sections 7.1, 7.2.2);
 * from its ClientInit on it speaks with its session's process, and over that with the gateway, where policy, recording and bounds
 * are. Resolves when it has gone and its session has been told to end.
 */
export async function serveForeignVnc(parts: ForeignVncParts): Promise<void> {
  const { stream } = parts;
  stream.on('error', () => undefined);
  const limit = setTimeout(() => stream.destroy(), SIGN_ON_LIMIT_MS);
  try {
    const minor = await agreeOnVersion(stream);
    const answered = await proves(parts, minor);
    clearTimeout(limit);
    if (!answered) {
      // As servers of VNC say it, so that viewers ask again.
      refuse(stream, minor, 'Authentication failure');
      return;
    }
    parts.onLetIn();
    await join(parts, minor);
  } catch (error) {
    // A viewer that goes in the middle of its sign-on is told nothing any more.
    if (!(error instanceof EndedEarly)) throw error;
  } finally {
    clearTimeout(limit);
    stream.end();
  }
}

/** The minor version that both speak: 3, 7 or 8. Others are spoken as the highest of these below them, as section 7.1.1 says. */
async function agreeOnVersion(stream: Duplex): Promise<3 | 7 | 8> {
  stream.write(VERSION);
  const said = /^RFB 003\.(\d{3})\n$/.exec((await readExactly(stream, VERSION.length)).toString('latin1'));
  if (said === null) throw new EndedEarly();
  const minor = Number(said[1]);
  return minor >= 8 ? 8 : minor === 7 ? 7 : 3;
}

async function proves({ stream, password }: ForeignVncParts, minor: 3 | 7 | 8): Promise<boolean> {
  if (minor === 3) stream.write(Buffer.of(0, 0, 0, VNC_AUTH));
  else {
    stream.write(Buffer.of(1, VNC_AUTH));
    if ((await readExactly(stream, 1))[0] !== VNC_AUTH) throw new EndedEarly();
  }
  const challenge = randomBytes(CHALLENGE_BYTES);
  stream.write(challenge);
  const answer = await readExactly(stream, CHALLENGE_BYTES);
  return password((text) => answersChallenge(challenge, answer, text));
}

/** Opens the session, and says why where there is none: the viewer shows it. */
async function join({ stream, sessions, explain }: ForeignVncParts, minor: 3 | 7 | 8): Promise<void> {
  let session: ForeignSession;
  try {
    session = await openForProgram(stream, sessions, 'vnc');
  } catch (thrown) {
    if (thrown instanceof EndedEarly) throw thrown;
    refuse(stream, minor, explain(asMavisError(thrown)));
    return;
  }
  const { stream: target } = session;
  stream.write(ACCEPTED);
  const end = (): void => session.end();
  stream.once('close', end);
  await Promise.race([carry(stream, target), carry(target, stream)]);
  stream.off('close', end);
  session.end();
  await session.ended;
}

/** SecurityResult that says no; only version 3.8 has room for a reason (section 7.1.3). */
function refuse(stream: Duplex, minor: 3 | 7 | 8, reason: string): void {
  if (!stream.writable) return;
  const text = Buffer.from(reason, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  stream.write(minor === 8 ? Buffer.concat([FAILED, length, text]) : FAILED);
}
