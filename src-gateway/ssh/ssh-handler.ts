import type { Logger } from '../logging/logger.ts';
import type { RandomBytes } from '../recordings/recording-sealer.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { ProtocolHandler, SignedOnTarget, SignOnRequest } from '../sessions/protocol-handler.ts';
import { ClientSession } from './client-session.ts';
import { EphemeralHostKeys } from './ephemeral-host-key.ts';
import { type SignOnParts, signOnToTarget } from './target-sign-on.ts';

export interface SshHandlerParts extends SignOnParts {
  readonly spool: Pick<RecordingSpool, 'record' | 'requireAbility'>;
  readonly logger: Logger;
  readonly random: RandomBytes;
}

/** SSH, ended on both sides: toward the target with the granted credential, toward the client with a host key of the session's own. Every channel is recorded. */
export function createSshHandler(parts: SshHandlerParts): ProtocolHandler {
  const hostKeys = new EphemeralHostKeys();
  return { signOn: (request) => signOn(parts, hostKeys, request) };
}

async function signOn(parts: SshHandlerParts, hostKeys: EphemeralHostKeys, request: SignOnRequest): Promise<SignedOnTarget> {
  try {
    parts.spool.requireAbility();
  } catch (error) {
    request.targetSocket.destroy();
    throw error;
  }
  const target = await signOnToTarget(request, parts);
  const hostKey = hostKeys.take();
  return {
    sshHostKey: hostKey.fingerprint,
    targetIdentity: target.hostKey,
    targetEncrypted: true,
    run: (session) => new ClientSession({ target, hostKey, grant: request.grant, spool: parts.spool, logger: parts.logger, clock: parts.clock }, session).run(),
    abandon: () => target.close(),
  };
}
