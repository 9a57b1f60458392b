import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { resourcesRoutes, type ResourceFields } from '../../shared/api/resources.ts';
import type { CredentialId, ResourceId } from '../../shared/ids.ts';
import type { DemoDesktop } from './demo-desktops.ts';
import type { ServiceClient } from './service-client.ts';

/** The resources of the demo's desktops, by protocol; each is one alone, known by its tag. */
const resourceOf = {
  vnc: { name: 'demo-desktop-vnc', tag: 'demo:vnc', description: 'A small desktop on this machine over VNC, started for trying out: press VNC.' },
  rdp: { name: 'demo-desktop-rdp', tag: 'demo:rdp', description: 'The same small desktop on this machine over RDP, started for trying out: press RDP.' },
} as const;
const segmentTag = 'gateway-office1';

/**
 * Gives a service the desktops of this start as resources of their own, each allowed on loopback alone (rule 13), with this
 * start's password; takes away what is offered no more. Can be repeated.
 */
export async function provisionDesktops(client: ServiceClient, offered: readonly DemoDesktop[]): Promise<void> {
  for (const protocol of ['vnc', 'rdp'] as const) {
    const desktop = offered.find((one) => one.protocol === protocol);
    const known = await knownResource(client, protocol);
    if (desktop !== undefined) await provideDesktop(client, desktop, known);
    else if (known !== undefined) await client.call(resourcesRoutes.resourceRemove, { params: { resourceId: known } });
  }
}

async function provideDesktop(client: ServiceClient, desktop: DemoDesktop, known: ResourceId | undefined): Promise<void> {
  const { name, tag, description } = resourceOf[desktop.protocol];
  const credentialId = await provideCredential(client, desktop);
  const body: ResourceFields = {
    name,
    description,
    address: desktop.host,
    protocols: [{ protocol: desktop.protocol, port: desktop.port }],
    operatingSystem: 'linux',
    identities: [...desktop.identities],
    tags: [tag, segmentTag, 'env:demo'],
    credentialId,
    allowSpecialAddress: true,
    allowUnencryptedTunnel: false,
  };
  if (known === undefined) await client.call(resourcesRoutes.resourceCreate, { body });
  else await client.call(resourcesRoutes.resourceUpdate, { params: { resourceId: known }, body });
}

async function provideCredential(client: ServiceClient, { protocol, userName, password }: DemoDesktop): Promise<CredentialId> {
  const body = { kind: 'password' as const, name: `Demo desktop over ${protocol.toUpperCase()}`, userName, password };
  const { items } = await client.call(credentialsRoutes.credentialList, {});
  const known = items.find((credential) => credential.name === body.name);
  const credential = known === undefined ? await client.call(credentialsRoutes.credentialCreate, { body }) : await client.call(credentialsRoutes.credentialReplace, { params: { credentialId: known.id }, body });
  return credential.id;
}

async function knownResource(client: ServiceClient, protocol: DemoDesktop['protocol']): Promise<ResourceId | undefined> {
  const { tag } = resourceOf[protocol];
  const { items } = await client.call(resourcesRoutes.resourceList, { query: { filter: `tag:${tag}`, limit: 10 } });
  return items.find((resource) => resource.tags.includes(tag))?.id;
}
