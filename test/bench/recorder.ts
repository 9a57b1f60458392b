/**
 * What recording costs: the recorder alone, fed as fast as it takes, beside writing the same bytes to a file with the same
 * syncing; and the keystrokes of a person, one small frame at a time. Run with `npm run bench -- recorder`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRecordingKeys } from '../fixtures/sample-recording.ts';
import { makeTargetGrant } from '../fixtures/target-grant.ts';
import { gatewayId } from '../../shared/ids.ts';
import { systemClock } from '../../src-gateway/clock/clock.ts';
import { createLogger } from '../../src-gateway/logging/logger.ts';
import { RecordingSpool } from '../../src-gateway/recordings/recording-spool.ts';
import { distributionLine } from './measuring/distribution.ts';

const RUNS = 5;
const BULK_BYTES = 256 * 1024 * 1024;
const CHUNK = randomBytes(32 * 1024);
const KEYSTROKES = 20_000;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function measured(work: () => Promise<void>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function withSpool(work: (spool: RecordingSpool) => Promise<Measured>): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'mavis-bench-'));
  const keys = makeRecordingKeys();
  const logger = createLogger({ write: () => undefined }, 'silent');
  const gateway = { id: gatewayId.parse(randomUUID()), name: 'bench' };
  const spool = new RecordingSpool({ dataDirectory: directory, gateway, recordingKey: keys.serviceSpki, signingKey: keys.signing, clock: systemClock(), random: randomBytes, logger, leastFreeBytes: 0 });
  await spool.open();
  try {
    return await work(spool);
  } finally {
    await spool.close();
    rmSync(directory, { recursive: true });
  }
}

const grant = makeTargetGrant({ host: '127.0.0.1', port: 22, credential: { kind: 'ask-user' } });

function recordBulk(): Promise<Measured> {
  return withSpool(async (spool) => {
    const recorder = await spool.record({ grant, channel: 0, facts: {} });
    await recorder.stand();
    return await measured(async () => {
      for (let sent = 0; sent < BULK_BYTES; sent += CHUNK.length) {
        recorder.output(CHUNK);
        if (recorder.congested) await recorder.uncongested();
      }
      await recorder.close();
    });
  });
}

async function writeBulk(): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'mavis-bench-'));
  const handle = await open(join(directory, 'plain'), 'wx');
  try {
    return await measured(async () => {
      for (let sent = 0; sent < BULK_BYTES; sent += 2 * CHUNK.length) await handle.writev([CHUNK, CHUNK]);
      await handle.datasync();
    });
  } finally {
    await handle.close();
    rmSync(directory, { recursive: true });
  }
}

function recordKeystrokes(): Promise<Measured> {
  return withSpool(async (spool) => {
    const recorder = await spool.record({ grant, channel: 0, facts: {} });
    await recorder.stand();
    const letter = Buffer.from('x');
    const result = await measured(async () => {
      for (let count = 0; count < KEYSTROKES; count += 1) {
        recorder.typed(letter);
        recorder.output(letter);
        if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await recorder.close();
    return result;
  });
}

const bulk: Measured[] = [];
const plain: Measured[] = [];
const keys: Measured[] = [];
for (let run = 0; run < RUNS; run += 1) {
  bulk.push(await recordBulk());
  plain.push(await writeBulk());
  keys.push(await recordKeystrokes());
}
const megabytes = BULK_BYTES / 1e6;
console.log(`Node ${process.version}; ${(BULK_BYTES / 1024 / 1024).toFixed(0)} MiB in chunks of 32 KiB, synced at the end and each second; both to ${tmpdir()}`);
console.log(distributionLine('recorder, sealed', bulk.map(({ seconds }) => megabytes / seconds), 'MB/s'));
console.log(distributionLine('recorder, CPU', bulk.map(({ cpuSeconds }) => (cpuSeconds * 1000) / (BULK_BYTES / 2 ** 30)), 'ms/GiB'));
console.log(distributionLine('plain file (writev, fdatasync)', plain.map(({ seconds }) => megabytes / seconds), 'MB/s'));
console.log(distributionLine('plain file, CPU', plain.map(({ cpuSeconds }) => (cpuSeconds * 1000) / (BULK_BYTES / 2 ** 30)), 'ms/GiB'));
console.log(distributionLine('keystroke and its echo, CPU', keys.map(({ cpuSeconds }) => (cpuSeconds * 1e6) / KEYSTROKES), 'us'));
