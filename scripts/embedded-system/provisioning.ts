import { readFileSync } from 'node:fs';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { credentialsRoutes, type Credential } from '../../shared/api/credentials.ts';
import { gatewaysRoutes, type Gateway } from '../../shared/api/gateways.ts';
import { resourcesRoutes, type ResourceSummary } from '../../shared/api/resources.ts';
import { tunnelRoutes } from '../../shared/api/tunnel.ts';
import type { SignedGatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { inRepository } from '../set-up/repository.ts';
import { SetUpError } from '../set-up/set-up-error.ts';
import type { EmbeddedPorts } from './embedded-ports.ts';
import type { LiveTarget } from './live-target.ts';
import type { ServiceClient } from './service-client.ts';

const gatewayName = 'office1';
const segment = 'gateway-office1';
const credentialName = 'Demo account on this machine';
const ruleName = 'Administrators reach everything';

/** The tag of the one resource of the demo inventory that is a real target. */
export const liveTag = 'demo:live';

/** Installs the gateway with its configuration file and gives the public-key line that it printed. */
export type InstallGateway = (configuration: SignedGatewayConfiguration) => Promise<string>;

/**
 * Gives a service that has nothing yet a gateway, a credential, the demo inventory and an access rule, through its public
 * routes only. What is there already is brought up to date, so that it can be repeated after ports or keys changed.
 */
export async function provision(client: ServiceClient, ports: EmbeddedPorts, target: LiveTarget, install: InstallGateway): Promise<void> {
  await provideAccessRule(client);
  await provideGateway(client, ports, install);
  const credential = await provideCredential(client, target);
  await provideInventory(client, credential, target);
}

async function provideGateway(client: ServiceClient, ports: EmbeddedPorts, install: InstallGateway): Promise<void> {
  const registration = { name: gatewayName, segment, addresses: { host: '127.0.0.1', linkPort: ports.link, proxyPorts: [...ports.proxy] } };
  const { items } = await client.call(gatewaysRoutes.gatewayList, {});
  const known = items.find((gateway) => gateway.name === gatewayName);
  const gateway = known === undefined ? await register(client, registration) : await update(client, known, registration);
  const configuration = await client.call(gatewaysRoutes.gatewayConfigurationFile, { params: { gatewayId: gateway.id } });
  const line = await install(configuration);
  await client.call(gatewaysRoutes.gatewayEnterKey, { params: { gatewayId: gateway.id }, body: { line } });
  await provideDefaultGateway(client, gateway);
}

/** Third-party vendors always go through the default gateway (S33): here it is the one that there is, until somebody chooses another. */
async function provideDefaultGateway(client: ServiceClient, { id: gatewayId }: Gateway): Promise<void> {
  const { default: chosen } = await client.call(tunnelRoutes.tunnelRead, {});
  if (chosen === null) await client.call(tunnelRoutes.tunnelUpdate, { body: { enabled: false, default: { kind: 'gateway', gatewayId } } });
}

type Registration = { name: string; segment: string; addresses: { host: string; linkPort: number; proxyPorts: number[] } };

async function register(client: ServiceClient, registration: Registration): Promise<Gateway> {
  const { gateway } = await client.call(gatewaysRoutes.gatewayRegister, { body: registration });
  return gateway;
}

async function update(client: ServiceClient, known: Gateway, registration: Registration): Promise<Gateway> {
  return client.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: known.id }, body: registration });
}

async function provideCredential(client: ServiceClient, target: LiveTarget): Promise<Credential> {
  const body = { kind: 'private-key' as const, name: credentialName, userName: target.account, privateKey: target.privateKey };
  const { items } = await client.call(credentialsRoutes.credentialList, {});
  const known = items.find((credential) => credential.name === credentialName);
  if (known === undefined) return client.call(credentialsRoutes.credentialCreate, { body });
  return client.call(credentialsRoutes.credentialReplace, { params: { credentialId: known.id }, body });
}

async function provideInventory(client: ServiceClient, credential: Credential, target: LiveTarget): Promise<void> {
  const known = await findLiveResource(client);
  if (known === undefined) await importInventory(client);
  const live = known ?? (await findLiveResource(client));
  if (live === undefined) throw new SetUpError(`assets/demo-inventory.json has no resource with the tag ${liveTag}`, 'check the repository out as a whole');
  const { name, operatingSystem, description, tags } = await client.call(resourcesRoutes.resourceRead, { params: { resourceId: live.id } });
  await client.call(resourcesRoutes.resourceUpdate, {
    params: { resourceId: live.id },
    body: {
      name,
      operatingSystem,
      description,
      tags,
      address: target.host,
      protocols: target.kind === 'sshd' ? [{ protocol: 'ssh', port: target.port }, { protocol: 'sftp', port: target.port }] : [{ protocol: 'ssh', port: target.port }],
      identities: [target.hostKeyFingerprint],
      credentialId: credential.id,
      allowSpecialAddress: true,
    },
  });
}

async function importInventory(client: ServiceClient): Promise<void> {
  const text = readFileSync(inRepository('assets', 'demo-inventory.json'), 'utf8');
  const report = await client.call(resourcesRoutes.resourceImport, { body: { format: 'json', text } });
  if (report.badLineCount > 0) throw new SetUpError(`the service refused ${report.badLineCount} entries of assets/demo-inventory.json: ${JSON.stringify(report.badLines[0])}`, 'repair the entry and start again');
}

async function findLiveResource(client: ServiceClient): Promise<ResourceSummary | undefined> {
  let cursor: string | undefined;
  do {
    const page = await client.call(resourcesRoutes.resourceList, { query: { filter: `tag:${liveTag}`, limit: 1000, ...(cursor === undefined ? {} : { cursor }) } });
    const found = page.items.find((resource) => resource.tags.includes(liveTag));
    if (found !== undefined) return found;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return undefined;
}

async function provideAccessRule(client: ServiceClient): Promise<void> {
  const { items } = await client.call(accessRulesRoutes.accessRuleList, {});
  if (items.some((rule) => rule.name === ruleName)) return;
  await client.call(accessRulesRoutes.accessRuleCreate, {
    body: { name: ruleName, subject: { kind: 'role', role: 'admin' }, filter: '', protocols: ['ssh', 'sftp', 'vnc', 'rdp'], policy: {} },
  });
}
