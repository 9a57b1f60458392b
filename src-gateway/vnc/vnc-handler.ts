import type { Clock } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { ProtocolHandler, SignedOnTarget, SignOnRequest } from '../sessions/protocol-handler.ts';
import { signOnToVnc } from './target-sign-on.ts';
import { VncSession } from './vnc-session.ts';

export interface VncHandlerParts {
  readonly spool: Pick<RecordingSpool, 'record' | 'requireAbility'>;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** VNC: the target's sign-on ends here, so that the client sees none; what flows then is read on its way, held to the policy and recorded. */
export function createVncHandler(parts: VncHandlerParts): ProtocolHandler {
  return { signOn: (request) => signOn(parts, request) };
}

async function signOn(parts: VncHandlerParts, request: SignOnRequest): Promise<SignedOnTarget> {
  try {
    parts.spool.requireAbility();
  } catch (error) {
    request.targetSocket.destroy();
    throw error;
  }
  const target = await signOnToVnc(request, parts.clock);
  return {
    sshHostKey: null,
    targetIdentity: target.identity,
    targetEncrypted: target.security.transport !== 'plain',
    run: (session) => new VncSession({ ...parts, target, grant: request.grant }, session).run(),
    abandon: () => target.stream.destroy(),
  };
}
