import type { Logger } from '../logging/logger.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { ProtocolHandler, SignedOnTarget, SignOnRequest } from '../sessions/protocol-handler.ts';
import { type SignOnParts, signOnToTarget } from '../ssh/target-sign-on.ts';
import { SftpSession } from './sftp-session.ts';

export interface SftpHandlerParts extends SignOnParts {
  readonly spool: Pick<RecordingSpool, 'record' | 'requireAbility'>;
  readonly logger: Logger;
}

/** SFTP: SSH ends here, so that what flows to the client are the packets of SFTP themselves, each read, held to the rule and written down. */
export function createSftpHandler(parts: SftpHandlerParts): ProtocolHandler {
  return { signOn: (request) => signOn(parts, request) };
}

async function signOn(parts: SftpHandlerParts, request: SignOnRequest): Promise<SignedOnTarget> {
  try {
    parts.spool.requireAbility();
  } catch (error) {
    request.targetSocket.destroy();
    throw error;
  }
  const target = await signOnToTarget(request, parts);
  return {
    sshHostKey: null,
    targetIdentity: target.hostKey,
    targetEncrypted: true,
    run: (session) => new SftpSession({ ...parts, target, grant: request.grant }, session).run(),
    abandon: () => target.close(),
  };
}
