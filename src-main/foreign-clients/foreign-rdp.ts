import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { encodeConnectionFailure, encodeConnectionRequest, negotiationFailure, readConnectionConfirm, readConnectionRequest, securityProtocol } from '../../shared/rdp/connection-pdus.ts';
import { RdpFormatError } from '../../shared/rdp/rdp-format-error.ts';
import type { ClientIdentity } from '../account/client-key.ts';
import { EndedEarly } from '../sessions/viewer/exact-read.ts';
import { carry } from './carry.ts';
import { readConnectionPdu } from './connection-pdu.ts';
import type { ForeignSession, ForeignSessions } from './foreign-sessions.ts';
import { openForProgram } from './open-for-program.ts';

/** A client sends its request and does its part of TLS at once, without its user. */
const HANDSHAKE_LIMIT_MS = 15_000;

/** What serving one client needs. */
export interface ForeignRdpParts {
  /** The connection of the client: a socket of this machine. */
  readonly stream: Duplex;
  /** Whether a routing token is the one-time password; true once at most. */
  readonly password: (text: string) => boolean;
  /** What the client is shown in TLS. */
  readonly identity: ClientIdentity;
  readonly sessions: ForeignSessions;
  /** The client has proved that it may come in. */
  readonly onLetIn: () => void;
}

/**
 * A foreign RDP client's connection. It proves that it may come in by the routing token of its first PDU (MS-RDPBCGR 2.2.1.1), which
 * holds the one-time password; its TLS ends here, with a certificate of this port alone. From then on it speaks with the gateway,
 * which has signed on to the target and where policy, recording and bounds are. Resolves when it has gone and its session has been
 * told to end.
 */
export async function serveForeignRdp(parts: ForeignRdpParts): Promise<void> {
  const { stream, password, onLetIn } = parts;
  stream.on('error', () => undefined);
  const limit = setTimeout(() => stream.destroy(), HANDSHAKE_LIMIT_MS);
  try {
    const { token, protocols } = readConnectionRequest(await readConnectionPdu(stream));
    clearTimeout(limit);
    // What asks for no TLS is told so before its password is used up: its user sets it right and comes again.
    if ((protocols & securityProtocol.ssl) === 0) refuse(stream, negotiationFailure.tlsRequired);
    else if (!password(token)) refuse(stream, negotiationFailure.none);
    else {
      onLetIn();
      await join(parts, protocols);
    }
  } catch (error) {
    // One that goes in the middle, or speaks something else, is told nothing.
    if (!(error instanceof EndedEarly) && !(error instanceof RdpFormatError)) throw error;
  } finally {
    clearTimeout(limit);
    stream.end();
  }
}

/** Opens the session and carries it. Why there is none stands in the app: RDP has no room for words here. */
async function join({ stream, sessions, identity }: ForeignRdpParts, protocols: number): Promise<void> {
  let session: ForeignSession;
  try {
    session = await openForProgram(stream, sessions, 'rdp');
  } catch (thrown) {
    if (thrown instanceof EndedEarly) throw thrown;
    // `sessions` has told the app's list of programs why.
    refuse(stream, negotiationFailure.none);
    return;
  }
  const { stream: target } = session;
  const end = (): void => session.end();
  stream.once('close', end);
  try {
    target.write(encodeConnectionRequest(protocols));
    const answer = await readConnectionPdu(target);
    if (stream.writable) stream.write(answer);
    const confirm = readConnectionConfirm(answer);
    if (confirm.kind === 'agreed' && confirm.protocol === securityProtocol.ssl) {
      const secure = await beginTls(stream, identity);
      if (secure !== undefined) await Promise.race([carry(secure, target), carry(target, secure)]);
    }
  } finally {
    stream.off('close', end);
    session.end();
  }
  await session.ended;
}

/** TLS with the client, as its server; undefined where it goes, or does not go on, instead. */
async function beginTls(stream: Duplex, { privateKeyPem, certificatePem }: ClientIdentity): Promise<TLSSocket | undefined> {
  const secure = new TLSSocket(stream, { isServer: true, key: privateKeyPem, cert: certificatePem, minVersion: 'TLSv1.2' });
  const limit = setTimeout(() => secure.destroy(), HANDSHAKE_LIMIT_MS);
  const gone = new AbortController();
  secure.on('error', () => gone.abort());
  secure.once('close', () => gone.abort());
  try {
    await once(secure, 'secure', { signal: gone.signal });
    return secure;
  } catch {
    // A client that does not like the certificate says so and goes; its user sees it there.
    secure.destroy();
    return undefined;
  } finally {
    clearTimeout(limit);
  }
}

function refuse(stream: Duplex, code: Parameters<typeof encodeConnectionFailure>[0]): void {
  if (stream.writable) stream.write(encodeConnectionFailure(code));
}
