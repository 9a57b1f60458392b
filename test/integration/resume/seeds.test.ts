import { createCipheriv, createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { FaultyGateway } from '../../fixtures/faulty-gateway.ts';
import { ResumingClient } from '../../fixtures/resuming-client.ts';
import { seededRandom } from '../../targets/seeded-random.ts';

// MAVIS_LONG tries a thousand; a seed that once failed is kept in `kept`.
const long = process.env['MAVIS_LONG'] === '1';
const ways = [
  { hops: 'one hop', seeds: long ? 1000 : 30, kept: [] as readonly number[] },
  // Tunnel: cut between client and first gateway, or between the two gateways.
  { hops: 'two hops', seeds: long ? 1000 : 30, kept: [212] as readonly number[] },
];
/** Gateways, each with one seed at a time, or in pairs: a machine with two cores is busy with four. */
const AT_ONCE = 4;

/** The ways in which a network takes a connection away. */
type Cut = (gateway: FaultyGateway, random: () => number) => Promise<void>;
const cuts: readonly Cut[] = [
  // A reset: a firewall forgot the connection, the Wi-Fi changed.
  async (gateway) => gateway.resetAll(),
  // Gone for a while: nothing can be dialled.
  async (gateway, random) => {
    await gateway.setDown(true);
    await delay(random() * 300);
    await gateway.setDown(false);
  },
  // Only some bytes of a record or a frame get through, then the end, in either direction.
  async (gateway, random) => {
    gateway.set(random() < 0.5 ? 'up' : 'down', 'limit', { kind: 'limit_data', bytes: Math.floor(random() * 40_000) });
    await delay(30 + random() * 120);
    gateway.clear();
    gateway.resetAll();
  },
  // Half open: the wire swallows everything in one direction, and both ends still look alive.
  async (gateway, random) => {
    gateway.set(random() < 0.5 ? 'up' : 'down', 'silent', { kind: 'timeout', timeoutMs: 0 });
    await delay(1100);
    gateway.clear();
  },
  // Slow, late, in pieces and slow to close, then reset in the middle of it.
  async (gateway, random) => {
    gateway.set('up', 'pieces', { kind: 'slicer', averageBytes: 700, variationBytes: 600, delayMs: 0 });
    gateway.set('down', 'late', { kind: 'latency', latencyMs: 20, jitterMs: 15 });
    gateway.set('down', 'thin', { kind: 'bandwidth', bytesPerSecond: 3_000_000 });
    for (const direction of ['up', 'down'] as const) gateway.set(direction, 'slow end', { kind: 'slow_close', delayMs: 300 });
    await delay(random() * 150);
    gateway.resetAll();
    gateway.clear();
  },
];

/** Bytes that look random and are the same for the same seed, made without holding up the connections of the other seeds. */
function bytesOf(seed: number, length: number): Buffer {
  return createCipheriv('aes-128-ctr', createHash('md5').update(String(seed)).digest(), Buffer.alloc(16)).update(Buffer.alloc(length));
}

describe('Resume: connections cut at random over real streams, a real gateway and a real sshd', () => {
  const gateways: FaultyGateway[] = [];
  beforeAll(async () => {
    // A fault of one seed must not be another's: each of those at once has its own wire.
    gateways.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => FaultyGateway.start({ seed: 1000 + index })))));
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  });

  const play = async (last: FaultyGateway, seed: number, first?: FaultyGateway): Promise<{ interruptions: number; resumes: number }> => {
    const random = seededRandom(seed);
    const key = new ClientKey(() => Date.now());
    const { grant, hop } = await last.grant(key.thumbprint);
    const client = first === undefined ? await ResumingClient.connect([hop], key, random) : await ResumingClient.connect([await first.forwardTo(last, grant), { ...hop, host: null }], key, random);
    const sent = bytesOf(seed, 200_000 + Math.floor(random() * 1_800_000));
    const file = `/tmp/mavis-resume-${process.pid}-${seed}`;
    // What the target receives is hashed there, and comes back the whole way at the same time.
    const channel = await client.run(`tee ${file}; sha256sum ${file} >&2; rm ${file}`);
    const back = createHash('sha256');
    let [received, said] = [0, ''];
    channel.on('data', (chunk: Buffer) => {
      received += chunk.length;
      back.update(chunk);
    });
    channel.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    const read = [channel, channel.stderr].map((stream) => new Promise<void>((resolve) => stream.once('close', () => resolve())));
    const closed = Promise.all(read);
    channel.end(sent);
    const total = 2 * sent.length;
    const begunAt = last.bytes;
    for (const at of Array.from({ length: 2 + Math.floor(random() * 3) }, () => random() * total).toSorted((one, other) => one - other)) {
      const cut = cuts[Math.floor(random() * cuts.length)];
      const begunMs = performance.now();
      // The place in the stream decides, not a clock; where the stream is through before, it is cut at its end.
      while (last.bytes - begunAt < at && performance.now() - begunMs < 1500) await delay(1);
      await cut?.(first !== undefined && random() < 0.5 ? first : last, random);
    }
    const outcome = await Promise.race([closed.then(() => 'closed'), client.ended.then(({ code }) => code), delay(120_000).then(() => 'hangs')]);
    // The gateway's word stands behind the last byte on the wire; what came before it may still be on its way through the client.
    if (outcome === 'session.ended') await Promise.race([closed, delay(30_000)]);
    const expected = createHash('sha256').update(sent).digest('hex');
    expect({ seed, outcome: outcome === 'session.ended' ? 'closed' : outcome, received, back: back.digest('hex'), target: said.slice(0, 64) }).toEqual({ seed, outcome: 'closed', received: sent.length, back: expected, target: expected });
    client.end();
    return client;
  };

  test.each(ways)('Resume: $seeds seeds over $hops: nothing lost, nothing doubled, SHA-256 of both ends equal in both directions (rule 10, S70)', async ({ hops, seeds, kept }) => {
    const waiting = [...kept, ...Array.from({ length: seeds }, (_, index) => index + 1)];
    let [interruptions, resumes] = [0, 0];
    const players = gateways.flatMap((gateway, index) => {
      if (hops === 'one hop') return [(seed: number) => play(gateway, seed)];
      return index % 2 === 1 ? [(seed: number) => play(gateway, seed, gateways[index - 1])] : [];
    });
    await Promise.all(
      players.map(async (player) => {
        for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
          const seen = await player(seed);
          interruptions += seen.interruptions;
          resumes += seen.resumes;
        }
      }),
    );
    // A test that cut nothing would prove nothing.
    expect(resumes).toBeGreaterThan(seeds);
    expect(interruptions).toBeGreaterThanOrEqual(resumes);
  }, 180_000 + (long ? 1000 : 30) * 12_000);
});
