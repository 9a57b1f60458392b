/**
 * A gateway in a process of its own, so that what it costs is counted alone: the product's, with a protocol of the tests that
 * relays bytes as they are (the product's own protocols carry SSH, never raw bytes), without a recording or with the product's.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { certificatePin } from '../../../src-service/link/link-identity.ts';
import { X509Certificate } from 'node:crypto';
import { TestGateway } from '../../fixtures/running-gateway.ts';
import { connectionReferenceFrom, sha256 } from '../../../shared/ids.ts';
import { setCollectorPace } from '../../../src-gateway/collector-pace.ts';
import { ticketSha256 } from '../../../src-gateway/tickets/ticket.ts';
import type { GatewayProtocols, ProtocolContext } from '../../../src-gateway/gateway.ts';
import { openProductProtocols } from '../../../src-gateway/protocols.ts';
import { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';
import { RawRelay } from './raw-relay.ts';
import { gatewayCommand, relayProtocol, type GatewayReady } from './tunnel-contract.ts';

// As `mavis-gateway start` does.
setCollectorPace();
let recorded: RawRelay | undefined;
const gateway = await TestGateway.start({ configuration: { name: process.argv[2] ?? 'first' }, options: { openProtocols: (context) => protocols(context) } });
const ready: GatewayReady = {
  gatewayId: gateway.configuration.gatewayId,
  name: gateway.configuration.name,
  pin: certificatePin(new X509Certificate(gateway.keys.tlsCertificatePem)),
  linkPort: gateway.running.linkPort,
  proxyPorts: [...gateway.running.proxyPorts],
};

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
process.send?.(ready);

async function protocols(context: ProtocolContext): Promise<GatewayProtocols> {
  const product = await openProductProtocols(context);
  if (!(product.recordings instanceof RecordingSpool)) throw new Error('no spool');
  recorded = new RawRelay(product.recordings);
  return { ...product, handlers: { [relayProtocol.plain]: new RawRelay(undefined), [relayProtocol.recorded]: recorded } };
}

async function answer(message: unknown): Promise<string> {
  // What is logged is not measured, and not kept.
  gateway.logLines.length = 0;
  const command = gatewayCommand.parse(message);
  if (command.kind === 'forget') {
    await recorded?.forget();
    return '';
  }
  const clientKeyThumbprint = sha256.parse(command.thumbprint);
  if (command.kind === 'target') return (await gateway.grant({ clientKeyThumbprint, protocol: command.recorded ? relayProtocol.recorded : relayProtocol.plain, over443: true, target: { port: command.port } })).ticket;
  const ticket = randomBytes(32).toString('base64url');
  await gateway.link.ask('grant', {
    grant: {
      kind: 'forward', connectionId: randomUUID(), reference: connectionReferenceFrom(randomBytes(10)), ticketSha256: ticketSha256(ticket), clientKeyThumbprint, ticketSeconds: 30,
      notAfter: new Date(Date.now() + 3_600_000).toISOString(), userId: randomUUID(), next: { gatewayId: command.gatewayId, gatewayName: command.gatewayName, host: '127.0.0.1', ports: [command.ports] },
    },
  });
  return ticket;
}
