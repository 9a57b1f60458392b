import { randomBytes } from 'node:crypto';
import type { SpooledRecording } from '../shared/link/messages.ts';
import type { GatewayProtocols, ProtocolContext } from './gateway.ts';
import type { IdentityProbe } from './link/target-probe.ts';
import type { ClosedRecording } from './recordings/channel-recorder.ts';
import { RecordingSpool } from './recordings/recording-spool.ts';
import { createRdpHandler, probeRdpIdentity } from './rdp/rdp-handler.ts';
import { createSftpHandler } from './sftp/sftp-handler.ts';
import { PrivateKeyOpener } from './ssh/private-key-opener.ts';
import { probeSsh } from './ssh/probe-ssh.ts';
import { createSshHandler } from './ssh/ssh-handler.ts';
import { probeVnc } from './vnc/probe-vnc.ts';
import { createVncHandler } from './vnc/vnc-handler.ts';

/** The protocols of the product and their one spool, recovered from what a crash left. */
export async function openProductProtocols({ configuration, keys, settings, data, clock, log, journal, leftOpen }: ProtocolContext): Promise<GatewayProtocols> {
  const journalClosed = (closed: ClosedRecording, { connectionId, reference, sha256 }: SpooledRecording): void => {
    journal.append({ kind: 'recording-closed', connectionId, reference, facts: { recordingId: closed.recordingId, state: closed.state, code: closed.code, bytes: closed.bytes, durationMs: closed.durationMs, sha256 } });
  };
  const recordings = new RecordingSpool({
    dataDirectory: data.path,
    gateway: { id: configuration.gatewayId, name: configuration.name },
    recordingKey: configuration.service.recordingKey,
    signingKey: keys.current.signingKey,
    formerSigningKeys: keys.formerSigningKeys,
    clock,
    random: randomBytes,
    logger: log,
    leastFreeBytes: settings.spoolFreeBytesAtLeast,
    strict: settings.strictRecording,
    recordingClosed: (closed, recording) => {
      leftOpen.recordingFound(recording);
      journalClosed(closed, recording);
    },
    // A session can begin, end and be sealed within the moment in which its lines are not on the disk yet: a kill then leaves the recording alone to tell of it.
    recordingKept: (closed, recording) => {
      if (leftOpen.recordingFound(recording)) journalClosed(closed, recording);
    },
  });
  keys.onSwitched(({ signingKey }) => recordings.useSigningKey(signingKey));
  await recordings.open();
  const opener = new PrivateKeyOpener();
  const ssh = createSshHandler({ spool: recordings, logger: log, random: randomBytes, clock, keys: opener });
  const sftp = createSftpHandler({ spool: recordings, logger: log, clock, keys: opener });
  const rdp = createRdpHandler({ spool: recordings, logger: log, clock });
  const vnc = createVncHandler({ spool: recordings, logger: log, clock });
  return {
    handlers: { ssh, sftp, rdp, vnc },
    identityProbes: { ssh: probeSshIdentity, sftp: probeSshIdentity, rdp: probeRdpIdentity, vnc: probeVnc },
    recordings,
    close: () => recordings.close(),
  };
}

const probeSshIdentity: IdentityProbe = async (socket, signal) => {
  const { banner, fingerprint, kind } = await probeSsh(socket, signal);
  return { banner, identity: { fingerprint, kind } };
};
