import { afterAll, beforeAll, expect, test } from 'vitest';
import { codesOf, expectCause, finds, type LabClient } from '../../fixtures/diagnosis-laboratory.ts';
import { Fleet } from '../../fixtures/fleet.ts';
import type { HeadlessClient } from '../../fixtures/headless-client.ts';

// Two instances of the service as processes on one PostgreSQL, and a gateway of which one of them has the lease.

const GATEWAY = 'office1';

let fleet: Fleet;
let people: readonly HeadlessClient[];

beforeAll(async () => {
  fleet = await Fleet.start({ database: 'postgresql', services: 2, gateways: [{ name: GATEWAY, segment: 'gateway-office' }] });
  people = [await fleet.person('admin', 0), await fleet.person('admin', 1)];
}, 300_000);
afterAll(() => fleet?.stop(), 120_000);

const at = (place: number): LabClient => {
  const { url, pin } = fleet.service(place);
  const person = people[place];
  if (person === undefined) throw new Error('nobody is there');
  return { profile: { serviceUrl: url, pin }, signedIn: person.service };
};
/** The instance that has the lease: its process is in the holder's name. */
const holder = async (): Promise<number> => {
  const [row] = await fleet.query('SELECT lease_holder FROM gateways WHERE name = $1', [GATEWAY]);
  return fleet.services.findIndex(({ process }) => String(row?.['lease_holder']).includes(`/${process.pid}/`));
};
const nothingWrong = (place: number): Promise<void> =>
  finds(at(place), (run) => {
    expect(codesOf(run)).toEqual([]);
    expect(run.results.find(({ check }) => check === 'sync')?.outcome).toMatchObject({ status: 'found', verdict: 'good', facts: { state: 'available' } });
  });

test('rule 17: nothing is wrong with a gateway whose lease another instance has: both say the same of it', async () => {
  expect(await holder()).toBeGreaterThanOrEqual(0);
  await nothingWrong(0);
  await nothingWrong(1);
});

test('rule 17: the instance with the lease hangs: asked there the service is silent, asked at the other all is well, since it took the lease over; and there again when it goes on', async () => {
  const place = await holder();
  const { process } = fleet.service(place);
  process.hang();
  try {
    await finds(at(place), (run) => {
      expectCause(run, 'service-silent');
      expect(run.findings[0]).toMatchObject({ leg: 'L1', actor: 'helpdesk' });
    });
    await fleet.until(async () => ((await holder()) === 1 - place ? true : undefined), 'the other instance has the lease');
    await nothingWrong(1 - place);
  } finally {
    process.goOn();
  }
  await nothingWrong(place);
});

/** Holds the gateway's row in the database, as a statement that hangs does; gives what lets it go. */
async function holdRow(): Promise<() => Promise<void>> {
  const ended = fleet.query('WITH one AS (SELECT id FROM gateways WHERE name = $1 FOR UPDATE) SELECT pg_sleep(600) FROM one', [GATEWAY]).then(() => undefined, () => undefined);
  const holding = "FROM pg_stat_activity WHERE query LIKE 'WITH one AS%' AND wait_event = 'PgSleep'";
  await fleet.until(async () => ((await fleet.query(`SELECT pid ${holding}`)).length > 0 ? true : undefined), 'the row is held');
  return async () => {
    await fleet.query(`SELECT pg_terminate_backend(pid) ${holding}`);
    await ended;
  };
}

test.each([50, 90])('S10: a gateway that the instance with its lease has not asked for %i s: stale, for the helpdesk, whichever instance is asked, and not the gateway’s fault; gone when it is asked again', async (seconds) => {
  // What time does is done by hand; the instance goes on saying that it lives, so that the other does not take its lease.
  const heldStale = async (): Promise<() => Promise<void>> => {
    await fleet.query('UPDATE gateways SET confirmed_at = now() - make_interval(secs => $2) WHERE name = $1', [GATEWAY, seconds]);
    const release = await holdRow();
    const [row] = await fleet.query('SELECT confirmed_at < now() - make_interval(secs => $2) AS stale FROM gateways WHERE name = $1', [GATEWAY, seconds]);
    if (row?.['stale'] === true) return release;
    // A sync came in between.
    await release();
    return heldStale();
  };
  const letGo = await heldStale();
  try {
    for (const place of [0, 1]) {
      await finds(at(place), (run) => {
        expectCause(run, 'gateway-stale');
        expect(run.findings).toMatchObject([{ leg: 'L3', actor: 'helpdesk' }]);
      });
    }
  } finally {
    await letGo();
  }
  await nothingWrong(0);
});
