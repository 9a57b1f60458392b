import type { GatewayProtocols, ProtocolContext } from './gateway.ts';
import { randomBytes } from 'node:crypto';
import { RecordingSpool } from './recordings/recording-spool.ts';

/** The protocols of the product and their one spool, recovered from what a crash left. */
export async function openProductProtocols({ configuration, keys, settings, data, clock, log, journal }: ProtocolContext): Promise<GatewayProtocols> {
  const recordings = new RecordingSpool({
    dataDirectory: data.path,
    gateway: { id: configuration.gatewayId, name: configuration.name },
    recordingKey: configuration.service.recordingKey,
    signingKey: keys.signingKey,
    clock,
    random: (bytes) => randomBytes(bytes),
    logger: log,
    leastFreeBytes: settings.spoolFreeBytesAtLeast,
    recordingClosed: (closed, recording) => {
      journal.append({
        kind: 'recording-closed',
        connectionId: recording.connectionId,
        reference: recording.reference,
        facts: { recordingId: closed.recordingId, state: closed.state, code: closed.code, bytes: closed.bytes, durationMs: closed.durationMs, sha256: recording.sha256 },
      });
    },
  });
  await recordings.open();
  return { handlers: {}, identityProbes: {}, recordings, close: () => recordings.close() };
}
