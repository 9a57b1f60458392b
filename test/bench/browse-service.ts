import { performance } from 'node:perf_hooks';
import { Agent, request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { ServiceUnderTest, type SignedInUser } from '../fixtures/service-under-test.ts';

/** Searches among 100,000 resources over HTTPS, as the client does; the aim is a p95 under 20 ms in the service. */
const RESOURCES = 100_000;
const ROUNDS = 40;
/** Waits between requests, so that the limit for one address (200 a second) is not what is measured. */
const QUERIES = ['', 'filter=web', 'filter=toky', 'filter=gateway-aws%20-tag:test', 'filter=tag:gateway-aws%20os:linux%20-tag:test', 'filter=10.1.2', 'filter=is:untagged%20db', 'filter=nothing-has-this'];

const service = await ServiceUnderTest.start();
try {
  const admin = await service.administrator();
  await admin.ask({ method: 'POST', path: '/v1/access-rules', body: { name: 'all', subject: { kind: 'role', role: 'admin' }, filter: '', protocols: ['ssh'], policy: {} } });
  const began = performance.now();
  const imported = await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'json', text: JSON.stringify(Array.from({ length: RESOURCES }, (_value, index) => resourceAt(index))) } });
  console.log(`imported ${imported.text.slice(0, 80)} in ${(performance.now() - began).toFixed(0)} ms`);
  for (const path of ['/v1/resources?limit=100&', '/v1/resource-tags?']) {
    for (const query of QUERIES) console.log(`${path}${query}`.padEnd(75), await measure(admin, `${path}${query}`));
  }
  console.log('as pages of 1000'.padEnd(75), await allPages(admin));
} finally {
  await service.stop();
}

function resourceAt(index: number) {
  const cities = ['tokyo', 'osaka', 'taipei', 'berlin', 'oslo'];
  const roles = ['web', 'db', 'cache', 'build', 'mail'];
  const clouds = ['gateway-aws', 'gateway-gcp', 'gateway-office1'];
  const [city, role, cloud] = [cities[index % 5] ?? '', roles[Math.trunc(index / 5) % 5] ?? '', clouds[index % 4]];
  return { name: `${role}-${city}-${String(index).padStart(6, '0')}`, address: `10.${String(index % 200)}.${String(Math.trunc(index / 200) % 200)}.${String(index % 251)}`, protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: index % 3 === 0 ? 'windows' : 'linux', description: `${role} server of ${city}, rack ${String(index % 97)}`, tags: [...(cloud === undefined ? [] : [cloud]), index % 10 === 0 ? 'test' : 'prod', `team:${role}`] };
}

/** Time from the request's first byte to the answer's last, on one kept connection. */
async function measure(user: SignedInUser, path: string): Promise<string> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 1 });
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    const sent = request(`${user.service.running.url}${path}`, { agent, headers: { authorization: `Bearer ${user.token}` } });
    sent.end();
    const [answer] = z.tuple([z.custom<IncomingMessage>()]).parse(await once(sent, 'response'));
    for await (const chunk of answer) void chunk;
    if (answer.statusCode !== 200) throw new Error(`${path} was answered with ${String(answer.statusCode)}`);
    if (round > 0) times.push(performance.now() - began);
  }
  agent.destroy();
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms`;
}

async function allPages(user: SignedInUser): Promise<string> {
  const page = z.object({ items: z.array(z.unknown()), nextCursor: z.string().optional() });
  const began = performance.now();
  let [count, cursor] = [0, ''];
  for (;;) {
    const { items, nextCursor } = page.parse((await user.ask({ path: `/v1/resources?limit=1000${cursor}` })).json);
    count += items.length;
    if (nextCursor === undefined) return `${String(count)} resources in ${(performance.now() - began).toFixed(0)} ms`;
    cursor = `&cursor=${nextCursor}`;
  }
}
