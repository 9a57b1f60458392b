import type { Socket } from 'node:net';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { SeenIdentity } from '../link/target-probe.ts';
import { HandshakeReader } from './handshake-reader.ts';
import { chooseSubtype, securityNames, securityType, subtypeNames } from './security-choice.ts';
import { readSecurityTypes, readSubtypes, readVersion, startTls } from './target-sign-on.ts';

/**
 * Reads what a VNC server offers, and its certificate where it has one, and leaves before anything of a credential is sent (rule 14).
 * The caller's signal bounds the time; the socket is closed by the caller.
 */
export async function probeVnc(socket: Socket, signal: AbortSignal): Promise<SeenIdentity> {
  socket.on('error', () => undefined);
  try {
    const reader = new HandshakeReader(socket, signal);
    const { minor, text } = await readVersion(reader);
    socket.write(`RFB 003.00${minor}\n`);
    const offered = minor >= 7 ? await readSecurityTypes(reader) : [await reader.number32()];
    const banner = `${text}: ${securityNames(offered)}`;
    if (!offered.includes(securityType.veNCrypt)) return { banner, identity: null, identityless: true };
    socket.write(Uint8Array.of(securityType.veNCrypt));
    const subtypes = await readSubtypes(reader, socket);
    const certified = chooseSubtype(subtypes, { identities: [], allowAnonymousTls: false, identityRequired: true });
    const full = `${banner} (${subtypeNames(subtypes)})`;
    if (certified === undefined) return { banner: full, identity: null, identityless: true };
    const { socket: secured, fingerprint } = await startTls(reader, socket, certified, '', signal);
    secured.destroy();
    return { banner: full, identity: { fingerprint, kind: 'x509' } };
  } catch (error) {
    throw asMavisError(error);
  }
}
