import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { SYNC_INTERVAL_MS } from '../../src-service/gateways/status-sync.ts';
import { distributionOf } from './measuring/distribution.ts';
import { startSimulatedFleet } from './measuring/simulated-fleet.ts';

/**
 * One service process that keeps many simulated gateways in sync: real TLS, the real link, each on a port of its own. Whether
 * every gateway is asked in every 15 seconds, and what that costs. Arguments: numbers of gateways; `pglite` or `postgresql` for one database alone.
 */
const COUNTS = [200, 500, 1_000, 2_000];
/** Several intervals: one gateway that is late once shows. */
const WATCHED_MS = 4 * SYNC_INTERVAL_MS;
/** A start that takes longer has failed; what is measured then shows it. */
const START_LIMIT_MS = 180_000;
/** Timers and requests take their time: later than this is an interval that was missed. */
const LATE_MS = 500;

const parameters = process.argv.slice(2);
const counts = parameters.map(Number).filter((count) => count > 0);
const kinds = (['postgresql', 'pglite'] as const).filter((kind) => !parameters.some((one) => one === 'pglite' || one === 'postgresql') || parameters.includes(kind));

console.log(`${cpus()[0]?.model ?? 'processor'} x ${cpus().length}, Node ${process.version}; ${WATCHED_MS / 1000} s watched after the first sync of all`);
console.log('database    gateways  synced in each 15 s  longest gap  status/s  service CPU  per 1,000  database CPU  memory');
let missed = 0;
for (const kind of kinds) for (const count of counts.length > 0 ? counts : COUNTS) missed += await measure(kind, count);
process.exit(missed === 0 ? 0 : 1);

/** Prints one line; gives the number of gateways that were not synced in every interval. */
async function measure(kind: 'pglite' | 'postgresql', count: number): Promise<number> {
  const fleet = await startSimulatedFleet({ kind, count, segmentOf: (place) => `gateway-${place % 50}` });
  try {
    // What a start costs (each gateway's first state is an entry in the audit log) is over when all have been asked twice.
    const settledBy = performance.now() + START_LIMIT_MS;
    do await delay(SYNC_INTERVAL_MS / 3);
    while ((await fleet.report()).statuses.some((number) => number < 2) && performance.now() < settledBy);
    fleet.begin();
    const before = { ...fleet.used(), database: fleet.databaseCpuSeconds(), atMs: performance.now() };
    await delay(WATCHED_MS);
    const { longestMs, statuses, requests } = await fleet.report();
    const after = { ...fleet.used(), database: fleet.databaseCpuSeconds(), atMs: performance.now() };
    const seconds = (after.atMs - before.atMs) / 1000;
    const late = longestMs.filter((ms) => ms > SYNC_INTERVAL_MS + LATE_MS).length;
    const share = (after.cpuSeconds - before.cpuSeconds) / seconds;
    const cells = [
      kind.padEnd(10), String(count).padStart(9), `${count - late} of ${count}`.padStart(20), `${(distributionOf(longestMs).max / 1000).toFixed(2)} s`.padStart(12),
      ((requests['status'] ?? 0) / seconds).toFixed(1).padStart(9), `${(100 * share).toFixed(1)} %`.padStart(12), `${((100 * share * 1_000) / count).toFixed(1)} %`.padStart(10),
      `${((100 * (after.database - before.database)) / seconds).toFixed(1)} %`.padStart(13), `${(after.memoryBytes / 1024 / 1024).toFixed(0)} MiB`.padStart(8),
    ];
    console.log(cells.join(' '));
    if (late > 0) console.log(`  the service said: ${saidBy(fleet.service.logFile)}`);
    if (statuses.some((number) => number === 0)) console.log(`  ${statuses.filter((number) => number === 0).length} gateways were never asked`);
    return late;
  } finally {
    await fleet.stop();
  }
}

/** What a service wrote in its log, by message and code, the most frequent first. */
function saidBy(logFile: string): string {
  const line = z.object({ message: z.string(), code: z.string().optional() });
  const said = new Map<string, number>();
  for (const text of readFileSync(logFile, 'utf8').split('\n')) {
    if (!text.startsWith('{')) continue;
    const { message, code = '' } = line.parse(JSON.parse(text));
    const what = `${message} ${code}`.trim();
    said.set(what, (said.get(what) ?? 0) + 1);
  }
  return [...said].toSorted(([, one], [, other]) => other - one).slice(0, 8).map(([what, times]) => `${times} x ${what}`).join('; ');
}
