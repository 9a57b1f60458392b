import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectionsRoutes } from '../../../shared/api/connections.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { uniformity } from '../../fixtures/chi-square.ts';
import { connect } from '../../fixtures/connecting.ts';
import { Fleet } from '../../fixtures/fleet.ts';
import { freePorts } from '../../fixtures/free-ports.ts';
import type { HeadlessClient } from '../../fixtures/headless-client.ts';
import type { LightClient } from '../../fixtures/light-client.ts';
import { askMany, makeCrowd } from '../../fixtures/light-crowd.ts';

/**
 * Rule 37: draws through the API of a real service whose grants go to real gateway processes. In `npm test` as many as fit into
 * its time, in `npm run test:long` 10,000 for each case.
 */
const LONG = process.env['MAVIS_LONG'] === '1';
const DRAWS = LONG ? 10_000 : 240;
/**
 * A user may have 256 connections open, and one that is not used stays open for half a minute and until the service has come to
 * close it: at 200 draws a second a smaller crowd would wait for its own limit, and the draws would go by that.
 */
const CLIENTS = LONG ? 160 : 16;
/**
 * A case fails where two independent sets of draws are both less likely than this under uniform choice. One set of seven cases
 * would cry wolf once in 150 runs; with the second set a false alarm comes once in 1 / (7 × 0.001²) = 140,000 runs. A bias that
 * is there fails both.
 */
const LEAST_LIKELY = 0.001;

let fleet: Fleet;
let crowd: LightClient[];
let person: HeadlessClient;

beforeAll(async () => {
  fleet = await Fleet.start({
    database: 'postgresql',
    gateways: [
      { name: 'p1', segment: 'gateway-p' },
      { name: 'p2', segment: 'gateway-p' },
      { name: 'q1', segment: 'gateway-q', settings: { maxSessions: 1 } },
      { name: 'q2', segment: 'gateway-q', sshPortTaken: true },
      { name: 'r1', segment: 'gateway-r' },
      { name: 'n1', segment: null },
    ],
  });
  [crowd, person] = await Promise.all([makeCrowd(fleet, CLIENTS), fleet.person()]);
}, 300_000);
afterAll(async () => {
  for (const client of crowd ?? []) client.close();
  await fleet?.stop();
}, 300_000);

/** How often each gateway was given, of draws of which none may fail. */
async function counts(resourceId: ResourceId, draws: number): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const answer of await askMany(crowd, resourceId, draws)) {
    if ('code' in answer) throw new Error(`a draw failed: ${answer.code} ${String(answer.reference)}`);
    expect(answer.offer.tried).toEqual([]);
    const name = answer.offer.hops[0]?.gatewayName ?? '';
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

/** Draws, and gives what speaks against a uniform choice among exactly these gateways; undefined where nothing does. */
async function bias(resourceId: ResourceId, names: readonly string[], draws = DRAWS): Promise<string | undefined> {
  const likelihoods: number[] = [];
  for (let set = 0; set < 2; set += 1) {
    const found = await counts(resourceId, draws);
    const drawn = Object.keys(found).toSorted();
    if (drawn.join() !== names.toSorted().join()) return `given were ${drawn.join(', ')}, not ${names.join(', ')}`;
    const likelihood = names.length === 1 ? 1 : uniformity(names.map((name) => found[name] ?? 0));
    if (likelihood > LEAST_LIKELY) return undefined;
    likelihoods.push(likelihood);
  }
  return `p = ${likelihoods.join(' and ')} over ${names.join(', ')}`;
}

const drain = (name: string, draining: boolean) => fleet.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: fleet.gateway(name).id }, body: { draining } });
async function refused(tags: readonly string[], changes: Parameters<Fleet['resource']>[1] = {}): Promise<MavisError & { reference: string }> {
  const failure = await connect(person, await fleet.resource(tags, changes)).then(() => undefined, (error: unknown) => error);
  if (!(failure instanceof MavisError) || failure.reference === undefined) throw new Error('a failure with a reference was expected', { cause: failure });
  return Object.assign(failure, { reference: failure.reference });
}
/** One final audit entry, error-log entries under the same reference, no recording (S12, S16-S19). */
async function expectWrittenOnce(reference: string, code: string): Promise<unknown> {
  await fleet.until(async () => ((await fleet.finals(reference)).length > 0 ? true : undefined), 'the final entry', 90_000);
  expect(await fleet.finals(reference)).toEqual([['connection.failed', code]]);
  expect((await fleet.errors(reference)).filter((entry) => entry.code === code && entry.facts['final'] !== false)).toHaveLength(1);
  expect(await fleet.recordings(reference)).toEqual([]);
  return (await fleet.audit({ reference })).find(({ kind }) => kind === 'connection.failed')?.facts['tried'];
}

describe(`rule 37: the choice over ${DRAWS} draws a case (10,000 in the long run)`, () => {
  test('S6, S7, S27, S28: untagged: every gateway alike, whatever its segment; degraded, with its port for SSH down, never', async () => {
    expect((await fleet.shown('q2')).status).toMatchObject({ state: 'degraded', code: 'gateway.port-closed' });
    expect(await bias(await fleet.resource([]), ['p1', 'p2', 'q1', 'r1', 'n1'])).toBeUndefined();
  }, 3_600_000);

  test('S8, S9, S29, S30, S47, S48, S49: tagged: every gateway of the segment alike, and none of another', async () => {
    expect(await bias(await fleet.resource(['gateway-p', 'cloud:aws']), ['p1', 'p2'])).toBeUndefined();
  }, 3_600_000);

  test('rule 6, S50, S51, S52: several segment tags: every gateway of their union alike, not every segment', async () => {
    expect(await bias(await fleet.resource(['gateway-p', 'gateway-r']), ['p1', 'p2', 'r1'])).toBeUndefined();
  }, 3_600_000);

  test('a draining gateway is left out, in its segment and in the pool of all', async () => {
    await drain('p1', true);
    expect(await bias(await fleet.resource([]), ['p2', 'q1', 'r1', 'n1'])).toBeUndefined();
    expect(await bias(await fleet.resource(['gateway-p']), ['p2'], 40)).toBeUndefined();
    await drain('p1', false);
    await fleet.untilState('p1', ['available']);
  }, 3_600_000);

  test('a full gateway is left out as soon as its state says so', async () => {
    const { offer, session } = await connect(person, await fleet.resource(['gateway-q']));
    expect(offer.hops[0]?.gatewayName).toBe('q1');
    await fleet.shownSoon('q1', ({ status }) => status.code === 'gateway.full');
    expect(await bias(await fleet.resource([]), ['p1', 'p2', 'r1', 'n1'])).toBeUndefined();
    expect((await refused(['gateway-q'])).code).toBe('gateway.none-available');
    session.end();
    await fleet.shownSoon('q1', ({ status }) => status.state === 'available');
  }, 3_600_000);

  test('rule 5: a gateway that was taken out is left out until its next good status, and never the last one', async () => {
    const [all, alone] = [await fleet.resource([]), await fleet.resource(['gateway-r'])];
    const sets: Record<string, number>[] = [];
    // A good status ends it within 15 s: as many sets as make up the draws, each from a time when it was out.
    for (let drawn = 0, tries = 0; drawn < DRAWS / 4 && tries < 4_000; tries += 1) {
      const offer = await person.ask(alone, 'ssh');
      await person.service.call(connectionsRoutes.connectionRetry, { params: { connectionId: offer.connectionId }, query: {}, body: { gatewayId: fleet.gateway('r1').id, leg: 'L2', code: 'gateway.refused', milliseconds: 1 } }).catch((error: unknown) => {
        // In its segment there is no other: what is told is why this one failed.
        if (!(error instanceof MavisError) || error.code !== 'gateway.refused') throw error;
      });
      // The last one of its segment is given all the same.
      const last = await person.ask(alone, 'ssh');
      expect(last.hops[0]?.gatewayName).toBe('r1');
      const found = await counts(all, 50);
      // Unless it was in again before the end of the set, it is in none of its draws.
      const [back] = (await fleet.audit({ kind: 'gateway.restored' })).filter(({ facts }) => facts['gateway'] === 'r1').slice(-1);
      const [out] = (await fleet.audit({ kind: 'gateway.ejected' })).filter(({ facts }) => facts['gateway'] === 'r1').slice(-1);
      if (out === undefined) throw new Error('r1 was not taken out');
      if (back !== undefined && Date.parse(back.at) > Date.parse(out.at)) continue;
      sets.push(found);
      drawn += 50;
    }
    const names = ['p1', 'p2', 'q1', 'n1'];
    const sums = names.map((name) => sets.reduce((sum, found) => sum + (found[name] ?? 0), 0));
    expect(new Set(sets.flatMap((found) => Object.keys(found)))).toEqual(new Set(names));
    // Gathered over many ejections: a second set would be drawn the same way; the bound is that of both together.
    expect(uniformity(sums)).toBeGreaterThan(LEAST_LIKELY ** 2);
    await fleet.shownSoon('r1', ({ status }) => status.state === 'available');
  }, 3_600_000);
});

describe('S11-S13, S16-S19: what failed for good is written down once, under one reference', () => {
  test('S17: no gateway available', async () => {
    await drain('r1', true);
    const failure = await refused(['gateway-r']);
    expect(failure.code).toBe('gateway.none-available');
    expect(await expectWrittenOnce(failure.reference, 'gateway.none-available')).toBeUndefined();
    await drain('r1', false);
    await fleet.untilState('r1', ['available']);
  }, 240_000);

  test('rule 6: a tag that names no segment', async () => {
    const failure = await refused(['gateway-nowhere']);
    expect(failure.code).toBe('gateway.segment-unknown');
    expect(await expectWrittenOnce(failure.reference, 'gateway.segment-unknown')).toBeUndefined();
  }, 240_000);

  test('S11, S18: no gateway reaches the target: both were tried, and the reason is the target\'s', async () => {
    const [closed = 0] = await freePorts(1);
    const failure = await refused(['gateway-p'], { protocols: [{ protocol: 'ssh', port: closed }] });
    expect(failure.code).toBe('target.refused');
    expect(await expectWrittenOnce(failure.reference, 'target.refused')).toEqual(expect.arrayContaining(['p1 L4 target.refused', 'p2 L4 target.refused']));
  }, 240_000);

  test('rule 4: a refused sign-on is tried on no other gateway', async () => {
    const wrong = await fleet.refusingResource(['gateway-p']);
    const failure = await connect(person, wrong).then(() => undefined, (error: unknown) => error);
    if (!(failure instanceof MavisError) || failure.reference === undefined) throw new Error('a failure with a reference was expected', { cause: failure });
    const { reference } = failure;
    expect(failure.code).toBe('target.sign-on-refused');
    expect(await expectWrittenOnce(reference, 'target.sign-on-refused')).toBeUndefined();
    expect((await fleet.audit({ reference })).filter(({ kind }) => kind === 'connection.granted')).toHaveLength(1);
    // Nor where the client asks for it: the journal of the first one says what was sent.
    const [granted] = (await fleet.audit({ reference })).filter(({ kind }) => kind === 'connection.granted');
    const again = person.service.call(connectionsRoutes.connectionRetry, { params: { connectionId: String(granted?.facts['connectionId']) as never }, query: {}, body: { gatewayId: granted?.facts['gatewayId'] as never, leg: 'L4', code: 'target.refused', milliseconds: 1 } });
    await expect(again).rejects.toMatchObject({ code: expect.stringMatching(/^(target\.sign-on-refused|request\.conflict)$/) });
  }, 240_000);

  test('S11, S12, S13: the one gateway of a segment is gone: tried, out, and the user is told', async () => {
    const resource = await fleet.resource(['gateway-r']);
    fleet.gateway('r1').process.hang();
    const failure = await person.ask(resource, 'ssh').then(() => undefined, (error: unknown) => error);
    fleet.gateway('r1').process.goOn();
    if (!(failure instanceof MavisError) || failure.reference === undefined) throw new Error('a failure with a reference was expected', { cause: failure });
    expect(failure.code).toBe('gateway.none-available');
    expect(await expectWrittenOnce(failure.reference, 'gateway.none-available')).toEqual(['r1 L3 gateway.link-time-out']);
    expect((await fleet.errors(failure.reference)).map(({ code, gatewayName }) => [code, gatewayName])).toContainEqual(['gateway.link-time-out', 'r1']);
  }, 240_000);
});
