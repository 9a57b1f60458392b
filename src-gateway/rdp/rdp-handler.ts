import type { Socket } from 'node:net';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Clock } from '../clock/clock.ts';
import type { IdentityProbe } from '../link/target-probe.ts';
import type { Logger } from '../logging/logger.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import { askSignOn } from '../sessions/ask-sign-on.ts';
import type { ProtocolHandler, SignedOnTarget, SignOnRequest } from '../sessions/protocol-handler.ts';
import { RdpSession } from './rdp-session.ts';
import { type RdpAccount, type RdpTarget, readRdpIdentity, signOnToRdpTarget } from './sign-on/target-sign-on.ts';
import { securityProtocol } from '../../shared/rdp/connection-pdus.ts';

export interface RdpHandlerParts {
  readonly spool: Pick<RecordingSpool, 'record' | 'requireAbility'>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** RDP: TLS and NLA toward the target with the granted credential, RDP in clear within the client's stream, filtered by the policy and recorded (rules 21, 22). */
export function createRdpHandler(parts: RdpHandlerParts): ProtocolHandler {
  return { signOn: (request) => signOn(parts, request) };
}

async function signOn(parts: RdpHandlerParts, request: SignOnRequest): Promise<SignedOnTarget> {
  const { grant } = request;
  try {
    parts.spool.requireAbility();
  } catch (error) {
    request.targetSocket.destroy();
    throw error;
  }
  const first = await signOnToRdpTarget({
    socket: request.targetSocket,
    target: grant.target,
    credential: grant.credential,
    clock: parts.clock,
    signal: request.signal,
    progress: (step) => request.progress(step),
    account: () => accountOf(request),
    credentialSent: request.credentialSent,
  });
  return {
    sshHostKey: null,
    targetIdentity: first.fingerprint,
    targetEncrypted: true,
    targetCertificate: first.certificate,
    run: (session) => new RdpSession({ first, grant, spool: parts.spool, logger: parts.logger, clock: parts.clock, signOnAgain: (socket, signal) => signOnAgain(parts, request, first, socket, signal) }, session).run(),
    abandon: () => first.socket.destroy(),
  };
}

/** To the same certificate, with the same account: it is held in memory until the session's end (rule 24). */
async function signOnAgain(parts: RdpHandlerParts, { grant }: SignOnRequest, first: RdpTarget, socket: Socket, signal: AbortSignal): Promise<RdpTarget> {
  return await signOnToRdpTarget({
    socket,
    target: { ...grant.target, identities: [first.fingerprint], firstUseTrust: false },
    credential: grant.credential,
    clock: parts.clock,
    signal,
    progress: () => undefined,
    account: () => Promise.resolve(first.account),
    credentialSent: () => undefined,
  });
}

async function accountOf({ grant, ask }: SignOnRequest): Promise<RdpAccount> {
  const { credential } = grant;
  if (credential.kind === 'password') return { userName: credential.userName, password: credential.password };
  if (credential.kind === 'ask-user') return await askSignOn(ask, credential.userName);
  // A private key signs nobody on to a desktop.
  throw new MavisError('resource.no-credential');
}

/** Names of what a target chose, for the connection test. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [securityProtocol.ssl, 'TLS'],
  [securityProtocol.hybrid, 'NLA'],
  [securityProtocol.hybridEx, 'NLA (extended)'],
]);

/** Reads a target's certificate for the connection test, sending nothing of an account. */
export const probeRdpIdentity: IdentityProbe = async (socket, signal) => {
  const { fingerprint, kind, subject, protocol } = await readRdpIdentity(socket, signal);
  return { banner: `RDP, ${PROTOCOL_NAMES.get(protocol) ?? ''}, ${subject.replaceAll('\n', ', ')}`, identity: { fingerprint, kind } };
};
