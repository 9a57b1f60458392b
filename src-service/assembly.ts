import { createHash } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { readUser } from './users/user-rows.ts';
import { composeCore, type CoreInput } from './composition.ts';
import { createGatewaySide } from './gateway-side.ts';
import { serviceAddresses } from './gateways/service-addresses.ts';
import { publicKeyPin } from './keys/public-key.ts';
import type { BoundRoutes } from './http/server.ts';

/** Joins the core and the gateway side; starts nothing. */
export function assemble(input: CoreInput) {
  const core = composeCore(input);
  const { keys, clock, database } = core;
  const gatewaySide = createGatewaySide({
    store: core.store,
    auditLog: core.auditLog,
    errorLog: core.errorLog,
    clock,
    log: core.log,
    registry: core.metrics.registry,
    keysInForce: core.keysInForce,
    announcement: () => ({ linkPins: core.keysInForce.linkPins, signingKeys: [keys.signing.publicKey], recordingKey: keys.recording.publicKey, addresses: addressesNow(input) }),
    signing: keys.signing,
    instance: createHash('sha256').update(`${hostname()}\n${core.folder}`).digest('base64url'),
    serviceFingerprint: publicKeyPin(keys.signing.publicKey),
    recordingKeys: [keys.recording.privateKey],
    recordingsFolder: join(core.folder, 'recordings'),
    recordingLimits: { bytesAtMost: input.configuration.recordingBytesAtMost, freeBytesAtLeast: input.configuration.recordingsFreeBytesAtLeast },
    decide: async (question) => core.access.decide(question),
    openCredential: (transaction, id) => core.credentials.open(transaction, id),
    readUser: (id) => readUser(database, id, clock.now()),
    signInEnded: (tokenSha256) => core.clientSessions.ended(tokenSha256),
    segmentsSeen: (user) => {
      const { segments, untagged } = core.inventory.segments(core.access.visible(user));
      return { segments: new Set(segments), untagged };
    },
    inventoryRevision: (user) => core.access.revisionFor(user),
  });
  const routes: BoundRoutes = { ...core.routes, ...gatewaySide.routes };
  return { core, gatewaySide, routes };
}

/** The whole service, not started. */
export type Assembly = ReturnType<typeof assemble>;

function addressesNow({ configuration: { host, port, ownAddresses }, databaseUrl }: CoreInput): string[] {
  const machineAddresses = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  return serviceAddresses({ host, port, databaseUrl, machineAddresses, further: ownAddresses });
}
