/**
 * A gateway with the product's own protocols in a process of its own. A session that is not to be recorded goes through the same
 * process, with everything but the desktop's bytes in its recording, so that the difference is what these cost.
 */
import { X509Certificate } from 'node:crypto';
import { certificatePin } from '../../../src-service/link/link-identity.ts';
import { setCollectorPace } from '../../../src-gateway/collector-pace.ts';
import type { GatewayProtocols, ProtocolContext } from '../../../src-gateway/gateway.ts';
import { openProductProtocols } from '../../../src-gateway/protocols.ts';
import { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';
import type { ProtocolHandler } from '../../../src-gateway/sessions/protocol-handler.ts';
import { createVncHandler } from '../../../src-gateway/vnc/vnc-handler.ts';
import { sha256 } from '../../../shared/ids.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';
import { type DesktopCommand, desktopCommand } from './desktop-contract.ts';
import { forgetRecordings } from './forget-recordings.ts';
import type { GatewayReady } from './tunnel-contract.ts';

setCollectorPace();
/** Connections whose desktop's bytes are not recorded. */
const unrecorded = new Set<string>();
let recordings: RecordingSpool | undefined;
/** Sessions whose recordings are not closed yet. */
const running = new Set<Promise<unknown>>();
const gateway = await TestGateway.start({ configuration: { name: 'desk' }, options: { openProtocols: (context) => protocols(context) } });

async function protocols(context: ProtocolContext): Promise<GatewayProtocols> {
  const product = await openProductProtocols(context);
  const spool = product.recordings;
  if (!(spool instanceof RecordingSpool)) throw new TypeError('no spool');
  recordings = spool;
  const parts = { logger: context.log, clock: context.clock };
  const silent: Pick<RecordingSpool, 'record' | 'requireAbility'> = {
    requireAbility: () => spool.requireAbility(),
    record: async (subject) => Object.assign(await spool.record(subject), { screen: () => undefined }),
  };
  const [recorded, unheard] = [createVncHandler({ spool, ...parts }), createVncHandler({ spool: silent, ...parts })];
  const vnc: ProtocolHandler = { signOn: async (request) => counted(await (unrecorded.has(request.grant.connectionId) ? unheard : recorded).signOn(request)) };
  return { ...product, handlers: { ...product.handlers, vnc } };
}

function counted(target: Awaited<ReturnType<ProtocolHandler['signOn']>>): Awaited<ReturnType<ProtocolHandler['signOn']>> {
  return {
    ...target,
    run: (session) => {
      const run = target.run(session).finally(() => running.delete(run));
      running.add(run);
      return run;
    },
  };
}

process.on('message', (message) => {
  answer(desktopCommand.parse(message)).then(
    (ticket) => process.send?.({ ticket }),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => void gateway.stop().finally(() => process.exit()));
const ready: GatewayReady = {
  gatewayId: gateway.configuration.gatewayId, name: gateway.configuration.name, linkPort: gateway.running.linkPort, proxyPorts: [...gateway.running.proxyPorts],
  pin: certificatePin(new X509Certificate(gateway.keys.tlsCertificatePem)),
};
process.send?.(ready);

async function answer(command: DesktopCommand): Promise<string> {
  gateway.logLines.length = 0;
  if (command.kind === 'forget') {
    await Promise.all(running);
    if (recordings !== undefined) await forgetRecordings(recordings);
    return '';
  }
  const { port, password, thumbprint, recorded } = command;
  const made = await gateway.grant({ clientKeyThumbprint: sha256.parse(thumbprint), protocol: 'vnc', target: { port }, credential: { kind: 'password', userName: 'unused', password } });
  if (!recorded) unrecorded.add(made.grant.connectionId);
  return made.ticket;
}
