/** A gateway with the product's own protocols in a process of its own; `no-recording` keeps everything but the desktop's bytes out of its recordings, so that the difference is what these cost. */
import { X509Certificate } from 'node:crypto';
import { certificatePin } from '../../../src-service/link/link-identity.ts';
import { setCollectorPace } from '../../../src-gateway/collector-pace.ts';
import type { GatewayProtocols, ProtocolContext } from '../../../src-gateway/gateway.ts';
import { openProductProtocols } from '../../../src-gateway/protocols.ts';
import { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';
import { createVncHandler } from '../../../src-gateway/vnc/vnc-handler.ts';
import { sha256 } from '../../../shared/ids.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';
import { desktopCommand } from './desktop-contract.ts';
import type { GatewayReady } from './tunnel-contract.ts';

setCollectorPace();
const records = process.argv[2] === 'recording';
const gateway = await TestGateway.start({ configuration: { name: 'desk' }, options: { openProtocols: (context) => protocols(context) } });

async function protocols(context: ProtocolContext): Promise<GatewayProtocols> {
  const product = await openProductProtocols(context);
  const spool = product.recordings;
  if (records || !(spool instanceof RecordingSpool)) return product;
  const silent: Pick<RecordingSpool, 'record' | 'requireAbility'> = {
    requireAbility: () => spool.requireAbility(),
    record: async (subject) => Object.assign(await spool.record(subject), { screen: () => undefined }),
  };
  return { ...product, handlers: { ...product.handlers, vnc: createVncHandler({ spool: silent, logger: context.log, clock: context.clock }) } };
}

process.on('message', (message) => {
  answer(message).then(
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

async function answer(message: unknown): Promise<string> {
  gateway.logLines.length = 0;
  const { port, password, thumbprint } = desktopCommand.parse(message);
  return (await gateway.grant({ clientKeyThumbprint: sha256.parse(thumbprint), protocol: 'vnc', target: { port }, credential: { kind: 'password', userName: 'unused', password } })).ticket;
}
