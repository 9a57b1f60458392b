import { setTimeout as delay } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionsRoutes } from '../../../shared/api/connections.ts';
import { recordingsRoutes } from '../../../shared/api/recordings.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { PlaybackDecoder } from '../../../shared/recording/playback.ts';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { connect, type Connected } from '../../fixtures/connecting.ts';
import { finalKinds, Fleet } from '../../fixtures/fleet.ts';
import type { HeadlessClient } from '../../fixtures/headless-client.ts';
import type { FaultProxy } from '../../targets/fault-proxy.ts';
import { seededRandom } from '../../targets/seeded-random.ts';

/** Seeds of the faults between service and gateways: each is some sessions with recordings of a few pieces, one of them ended from outside. */
const SEEDS = Array.from({ length: process.env['MAVIS_LONG'] === '1' ? 20 : 2 }, (_none, at) => at + 1);
const SESSIONS = 4;
/** Recordings are pulled in pieces of 256 KiB: several, so that a cut comes in the middle. */
const PRINTED_BYTES = 1_500_000;
const FAULTS_AT_LEAST = 30;
/** The next sync of a gateway, its three tries and the waits between them. */
const BACK_LIMIT_MS = 26_000;

let fleet: Fleet;
let person: HeadlessClient;
let resource: ResourceId;
let wires: FaultProxy[];
const references = new Set<string>();

beforeAll(async () => {
  fleet = await Fleet.start({ database: 'pglite', gateways: [{ name: 'a1', segment: 'gateway-a', faults: true }, { name: 'a2', segment: 'gateway-a', faults: true }] });
  [person, resource] = await Promise.all([fleet.person(), fleet.resource(['gateway-a'])]);
  wires = ['a1', 'a2'].flatMap((name) => fleet.gateway(name).link ?? []);
}, 300_000);
afterAll(() => fleet?.stop(), 120_000);

/** One fault after the other on the links, until the end and at least so many: resets, cuts in the middle of a frame, silence, slow ends, pieces, delays, a thin wire. */
async function disturb(random: () => number, signal: AbortSignal): Promise<void> {
  const faults: readonly ((wire: FaultProxy) => void)[] = [
    (wire) => wire.resetAll(),
    (wire) => wire.set('down', 'fault', { kind: 'limit_data', bytes: Math.round(random() * 400_000) }),
    (wire) => wire.set('up', 'fault', { kind: 'limit_data', bytes: Math.round(random() * 3_000) }),
    (wire) => wire.set('down', 'fault', { kind: 'timeout', timeoutMs: 0 }),
    (wire) => wire.set('up', 'fault', { kind: 'reset_peer', timeoutMs: Math.round(random() * 200) }),
    (wire) => wire.set('down', 'fault', { kind: 'slow_close', delayMs: 300 }),
    (wire) => wire.set('down', 'pieces', { kind: 'slicer', averageBytes: 900, variationBytes: 899, delayMs: 0 }),
    (wire) => wire.set('down', 'late', { kind: 'latency', latencyMs: 60, jitterMs: 50 }),
    (wire) => wire.set('down', 'thin', { kind: 'bandwidth', bytesPerSecond: 1_000_000 }),
    (wire) => wire.clear(),
  ];
  for (let made = 0; made < FAULTS_AT_LEAST || !signal.aborted; made += 1) {
    const wire = wires[Math.floor(random() * wires.length)];
    if (wire !== undefined) faults[Math.floor(random() * faults.length)]?.(wire);
    await delay(80 + random() * 250);
    // What cuts each connection again lasts for one turn: else nothing would ever get through.
    for (const one of wires) for (const direction of ['up', 'down'] as const) one.clear(direction, 'fault');
  }
  for (const wire of wires) wire.clear();
}

/** A person who tries again until it works; each try that failed stands under its reference. */
async function connectedAtLast(): Promise<Connected> {
  for (let tries = 0; tries < 60; tries += 1) {
    try {
      const connected = await connect(person, resource);
      references.add(connected.offer.reference);
      return connected;
    } catch (error) {
      if (!(error instanceof MavisError) || error.reference === undefined) throw error;
      references.add(error.reference);
      await delay(200);
    }
  }
  throw new Error('it never worked');
}

async function recordedOutput(reference: string): Promise<Buffer> {
  const [recording] = await fleet.recordings(reference);
  if (recording === undefined) throw new Error('no recording');
  const playback = await buffer(await person.service.open(recordingsRoutes.recordingPlayback, { params: { recordingId: recording.id }, query: {}, body: {} }));
  return Buffer.concat(new PlaybackDecoder().push(playback).flatMap((part) => (part.part === 'frame' && part.frame.kind === frameKind.output ? [part.frame.payload] : [])));
}

describe('faults on the wires between service and gateways (L3)', () => {
  test.each(SEEDS)('seed %i: sessions go on; each has one end and one whole recording, byte for byte what its user saw; an end from outside gets through; nothing is lost, none twice', { timeout: 600_000 }, async (seed) => {
    const random = seededRandom(seed);
    const ended = new AbortController();
    const disturbed = disturb(random, ended.signal);
    const sessions: Connected[] = [];
    for (let count = 0; count < SESSIONS; count += 1) {
      const one = await connectedAtLast();
      sessions.push(one);
      one.session.type(`head -c ${Math.round(PRINTED_BYTES * 0.74)} /dev/urandom | base64 -w 4000; echo "print""ed"\r`);
    }
    for (const { session } of sessions) await session.until(({ tail }) => tail.includes('printed'), 120_000);
    const [terminated, ...others] = sessions;
    if (terminated === undefined) throw new Error('no session');
    await fleet.admin.call(connectionsRoutes.connectionTerminate, { params: { connectionId: terminated.offer.connectionId }, body: { reason: 'test' } });
    for (const { session } of others) session.type('exit\r');
    for (const { session } of others) expect((await session.report('ended', 120_000)).code).toBe('session.ended');
    ended.abort();
    await disturbed;

    expect((await terminated.session.report('ended', 60_000)).code).toBe('session.terminated');
    for (const name of ['a1', 'a2']) await fleet.untilState(name, ['available'], BACK_LIMIT_MS);
    for (const { offer, session } of sessions) {
      await fleet.connectionIn(offer.connectionId, 'ended', 90_000);
      await fleet.until(async () => ((await fleet.recordings(offer.reference)).every(({ stored }) => stored) ? true : undefined), `the recording of ${offer.reference}`, 90_000);
      expect((await fleet.recordings(offer.reference)).map(({ state }) => state)).toEqual(['sealed']);
      const recorded = await recordedOutput(offer.reference);
      expect(recorded.length).toBeGreaterThan(PRINTED_BYTES * 0.9);
      if (session !== terminated.session) expect(recorded.equals(session.output)).toBe(true);
      else expect(recorded.subarray(0, session.output.length).equals(session.output)).toBe(true);
    }
    for (const { session } of sessions) session.keepOnlyTail();
  });

  test('rules 12, 17: whatever was asked meanwhile has exactly one final entry, was connected and stored at most once, and no journal has a gap', { timeout: 240_000 }, async () => {
    expect(references.size).toBeGreaterThanOrEqual(SEEDS.length * SESSIONS);
    for (const reference of references) {
      await fleet.until(async () => ((await fleet.finals(reference)).length > 0 ? true : undefined), `the final entry of ${reference}`, 90_000);
      const kinds = (await fleet.audit({ reference })).map(({ kind }) => kind);
      expect(kinds.filter((kind) => finalKinds.has(kind))).toHaveLength(1);
      for (const once of ['connection.asked', 'connection.connected', 'recording.stored']) expect(kinds.filter((kind) => kind === once).length).toBeLessThanOrEqual(1);
    }
    const answered = async (kind: string): Promise<Set<string | null>> => new Set((await fleet.audit({ kind })).map(({ reference }) => reference));
    expect(await answered('connection.asked')).toEqual(references);
    expect((await fleet.audit({ kind: 'audit.trail-incomplete' })).map(({ facts }) => facts)).toEqual([]);
    expect((await fleet.audit({ kind: 'recording.refused' })).map(({ facts }) => facts)).toEqual([]);
  });
});
