import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeepAlive } from '../../../src-gateway/ssh/target-sign-on.ts';
import { pull, readRecording, makeSpool, type TestSpool } from '../../fixtures/recording-spool.ts';
import { runCommand, signOn, startSession } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { type FaultProxy, startFaultProxy } from '../../targets/fault-proxy.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';
import { seededRandom } from '../../targets/seeded-random.ts';

/** Seeds of each kind of fault. */
const SEEDS = Array.from({ length: process.env['MAVIS_LONG'] === '1' ? 40 : 3 }, (_none, at) => at + 1);
const PRINTED_BYTES = 400_000;

type Fault = (wire: FaultProxy, random: () => number) => void;
/** What slows a wire down, or cuts what passes it into pieces, and breaks nothing. */
const slows: Readonly<Record<string, Fault>> = {
  'late, and in pieces': (wire, random) => {
    wire.set('down', 'late', { kind: 'latency', latencyMs: 20, jitterMs: 15 });
    wire.set('down', 'pieces', { kind: 'slicer', averageBytes: 1 + Math.round(random() * 900), variationBytes: 0, delayMs: 0 });
    wire.set('up', 'pieces', { kind: 'slicer', averageBytes: 7, variationBytes: 6, delayMs: 0 });
  },
  'thin': (wire, random) => wire.set('down', 'thin', { kind: 'bandwidth', bytesPerSecond: 400_000 + Math.round(random() * 400_000) }),
  'slow to close': (wire) => (['up', 'down'] as const).forEach((direction) => wire.set(direction, 'slow end', { kind: 'slow_close', delayMs: 200 })),
};
/** What takes it away, somewhere in the middle of the output. */
const breaks: Readonly<Record<string, Fault>> = {
  'cut after some bytes': (wire, random) => wire.set('down', 'cut', { kind: 'limit_data', bytes: wire.bytes.down + Math.round(random() * PRINTED_BYTES) }),
  'cut on the way there': (wire) => wire.set('up', 'cut', { kind: 'limit_data', bytes: wire.bytes.up + 1 }),
  'reset': (wire, random) => {
    wire.set('down', 'thin', { kind: 'bandwidth', bytesPerSecond: 500_000 });
    wire.set('down', 'reset', { kind: 'reset_peer', timeoutMs: Math.round(random() * 300) });
  },
  'silent': (wire, random) => {
    wire.set('down', 'thin', { kind: 'bandwidth', bytesPerSecond: 500_000 });
    wire.afterBytes('down', 1 + Math.round((random() * PRINTED_BYTES) / 2), () => (['up', 'down'] as const).forEach((direction) => wire.set(direction, 'silent', { kind: 'timeout', timeoutMs: 0 })));
  },
};
const each = (faults: Readonly<Record<string, Fault>>): [string, number, Fault][] => Object.entries(faults).flatMap(([how, fault]) => SEEDS.map((seed): [string, number, Fault] => [how, seed, fault]));

describe('faults on the wire between gateway and target (L4)', () => {
  let target: OpenSshTarget;
  let spool: TestSpool;
  beforeAll(async () => {
    [target, spool] = await Promise.all([startOpenSshTarget(), makeSpool()]);
  });
  afterAll(async () => {
    await target.stop();
    await spool.remove();
  });

  /** Runs a command that prints much over such a wire; gives how the session ended, what the client saw, and what was recorded. */
  async function play(seed: number, fault: Fault, keepAlive: KeepAlive) {
    const random = seededRandom(seed);
    const wire = await startFaultProxy({ target: { host: target.host, port: target.port }, seed });
    try {
      const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
      const grant = makeTargetGrant({ host: wire.host, port: wire.port, identities: [target.hostKeyFingerprint], credential, policy: { exec: true } });
      const one = await startSession((await signOn(spool, grant, { keepAlive })).target);
      const command = await runCommand(one.client, `echo begun; read go; head -c ${Math.round(PRINTED_BYTES * 0.74)} /dev/urandom | base64; exit 3`);
      await command.waitFor('begun');
      fault(wire, random);
      command.type('go\n');
      const closed = command.closed.then(() => one.client.end());
      const end = await one.ended;
      if (end.code === 'session.ended') await closed;
      const [id] = one.connected;
      if (id === undefined) throw new Error('no recording');
      return { end, seen: command.output, recording: await readRecording(await pull(spool.spool, id), spool.keys), recordings: one.connected.length };
    } finally {
      await wire.stop();
    }
  }

  test.each(each(slows))('S5: %s, seed %i: all of it arrives, and the recording holds the same', async (_how, seed, fault) => {
    // What is asked whether it is there answers behind all that it has printed, which takes such a wire a second and more.
    const { end, seen, recording, recordings } = await play(seed, fault, { intervalMs: 700, most: 40 });
    expect(end).toMatchObject({ code: 'session.ended', exitStatus: 3 });
    expect(seen.length).toBeGreaterThan(PRINTED_BYTES * 0.9);
    expect(recording.verification).toMatchObject({ ok: true, state: 'sealed' });
    expect(recording.output.equals(seen)).toBe(true);
    expect(recordings).toBe(1);
  });

  test.each(each(breaks))('S69: %s, seed %i: the session ends once, as lost, and its one recording proves itself and holds all that its user saw', async (_how, seed, fault) => {
    const { end, seen, recording, recordings } = await play(seed, fault, { intervalMs: 700, most: 2 });
    expect(end).toMatchObject({ code: 'target.lost' });
    expect(recording.verification.ok).toBe(true);
    expect(recording.output.subarray(0, seen.length).equals(seen)).toBe(true);
    expect(recordings).toBe(1);
  });
});
