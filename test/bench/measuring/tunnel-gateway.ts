/**
 * A gateway in a process of its own, so that what it costs is counted alone: the product's, with a protocol of the tests that
 * relays bytes as they are (the product's own protocols carry SSH, never raw bytes) and records nothing.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { certificatePin } from '../../../src-service/link/link-identity.ts';
import { X509Certificate } from 'node:crypto';
import { TestGateway } from '../../fixtures/running-gateway.ts';
import { connectionReferenceFrom } from '../../../shared/ids.ts';
import { setCollectorPace } from '../../../src-gateway/collector-pace.ts';
import { ticketSha256 } from '../../../src-gateway/tickets/ticket.ts';
import { gatewayCommand, type GatewayReady } from './tunnel-contract.ts';

// As `mavis-gateway start` does.
setCollectorPace();
const gateway = await TestGateway.start({ configuration: { name: process.argv[2] ?? 'first' } });
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

async function answer(message: unknown): Promise<string> {
  // What is logged is not measured, and not kept.
  gateway.logLines.length = 0;
  const command = gatewayCommand.parse(message);
  if (command.kind === 'target') return (await gateway.grant({ clientKeyThumbprint: command.thumbprint as never, over443: true, target: { port: command.port } })).ticket;
  const ticket = randomBytes(32).toString('base64url');
  await gateway.link.ask('grant', {
    grant: {
      kind: 'forward', connectionId: randomUUID(), reference: connectionReferenceFrom(randomBytes(10)), ticketSha256: ticketSha256(ticket), clientKeyThumbprint: command.thumbprint, ticketSeconds: 30,
      notAfter: new Date(Date.now() + 3_600_000).toISOString(), userId: randomUUID(), next: { gatewayId: command.gatewayId, gatewayName: command.gatewayName, host: '127.0.0.1', ports: [command.ports] },
    },
  });
  return ticket;
}
