import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diagnosticsRoutes } from '../../../shared/api/diagnostics.ts';
import type { Clock } from '../../../src-service/clock.ts';
import { rowsOf } from '../../../src-service/store/database.ts';
import { type Answer, codeOf, ServiceUnderTest, type SignedInUser } from '../../fixtures/service-under-test.ts';

const PATH = '/v1/diagnostics/reports';
const DAY_MS = 86_400_000;
let passedMs = 0;
/** The machine's time, and what the test lets pass. */
const clock: Clock = { now: () => new Date(Date.now() + passedMs), monotonicMs: () => performance.now() };
let service: ServiceUnderTest;
let operator: SignedInUser;
let user: SignedInUser;

beforeAll(async () => {
  service = await ServiceUnderTest.start({ clock });
  [operator, user] = await Promise.all([service.user('operator'), service.user('user')]);
});
afterAll(() => service.stop());

const send = (who: SignedInUser, body: unknown = { text: 'nothing comes back from 192.0.2.7', json: '{"kind":"mavis-diagnosis"}', findings: ['service-dropped'] }): Promise<Answer> => who.ask({ method: 'POST', path: PATH, body });
const referenceOf = (answer: Answer): string => diagnosticsRoutes.diagnosisReportSend.response.parse(answer.json).reference;
const listed = async (query = ''): Promise<ReturnType<typeof diagnosticsRoutes.diagnosisReportList.response.parse>> => diagnosticsRoutes.diagnosisReportList.response.parse((await operator.ask({ path: `${PATH}${query}` })).json);

test('a report that a user sent is found under its reference, side by side with the audit entries of that user and no other; both are audit entries themselves', async () => {
  const stranger = await service.newUser('user', 'stranger');
  const reference = referenceOf(await send(user));
  expect((await listed()).items).toMatchObject([{ id: reference, userName: user.name, findings: ['service-dropped'] }]);
  const opened = diagnosticsRoutes.diagnosisReport.response.parse((await operator.ask({ path: `${PATH}/${reference}` })).json);
  expect(opened).toMatchObject({ text: 'nothing comes back from 192.0.2.7', json: '{"kind":"mavis-diagnosis"}' });
  expect(opened.entries.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['diagnosis.report-sent', 'sign-in.succeeded']));
  expect(JSON.stringify(opened.entries)).not.toContain(stranger.name);
  const admin = await service.administrator();
  for (const [kind, actor] of [['diagnosis.report-sent', user.name], ['diagnosis.report-opened', operator.name]]) {
    expect((await admin.ask({ path: `/v1/audit?reference=${reference}&kind=${kind}` })).json).toMatchObject({ items: [{ reference, actor: { name: actor }, facts: { user: user.name } }] });
  }
  // What stands in the report is nowhere but in it.
  expect((await admin.ask({ path: `/v1/audit?reference=${reference}` })).text).not.toContain('192.0.2.7');
  expect(service.logged.join('')).not.toContain('192.0.2.7');
});

test('who is no operator, auditor or administrator sees none, not even an own one; nobody is signed in, nothing is taken', async () => {
  const reference = referenceOf(await send(user));
  for (const who of [user, await service.user('vendor')]) for (const path of [PATH, `${PATH}/${reference}`]) expect(codeOf(await who.ask({ path }))).toBe('access.denied');
  for (const who of [await service.user('auditor'), await service.administrator()]) expect((await who.ask({ path: `${PATH}/${reference}` })).status).toBe(200);
  expect(codeOf(await service.ask({ method: 'POST', path: PATH, body: { text: 'x', json: '', findings: [] } }))).toBe('sign-in.required');
  expect(codeOf(await operator.ask({ path: `${PATH}/MV-AAAAA-AAAAA` }))).toBe('request.not-found');
});

test('a report is bounded: in its parts, in its number for each user and hour, and page by page', async () => {
  const sender = await service.newUser('user');
  expect(codeOf(await send(sender, { text: 'x'.repeat(256 * 1024 + 1), json: '', findings: [] }))).toBe('request.invalid');
  expect(codeOf(await send(sender, { text: 'x', json: 'x'.repeat(1024 * 1024 + 1), findings: [] }))).toBe('request.invalid');
  // At once, so that the bound holds for those too.
  const answers = await Promise.all(Array.from({ length: 12 }, () => send(sender)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
  for (const answer of answers.filter(({ status }) => status !== 200)) expect(codeOf(answer)).toBe('request.too-many');
  expect((await send(await service.newUser('user'))).status).toBe(200);
  const first = await listed('?limit=5');
  const second = await listed(`?limit=5&cursor=${first.nextCursor ?? ''}`);
  expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(10);
  expect(codeOf(await operator.ask({ path: `${PATH}?cursor=rubbish` }))).toBe('request.invalid');
});

test('2,000 are kept in all: with one more the oldest goes, and no other', async () => {
  const { database } = service.opened.core;
  const before = await rowsOf(database, sql`SELECT count(*)::int AS number FROM diagnosis_reports`, z.object({ number: z.number() }));
  const missing = 2000 - (before[0]?.number ?? 0);
  await database.execute(sql`INSERT INTO diagnosis_reports (reference, user_id, user_name, sent_at, findings, report_text, report_json) SELECT 'MV-FILL-' || one, ${user.id}, 'filler', now() - interval '2 hours', '{}', 'x', '' FROM generate_series(1, ${missing}::int) AS one`);
  const kept = (): Promise<{ reference: string }[]> => rowsOf(database, sql`SELECT reference FROM diagnosis_reports ORDER BY ordinal`, z.object({ reference: z.string() }));
  const full = (await kept()).map(({ reference }) => reference);
  expect(full).toHaveLength(2000);
  const sender = await service.newUser('user');
  const sent = [referenceOf(await send(sender)), referenceOf(await send(sender))];
  expect((await kept()).map(({ reference }) => reference)).toEqual([...full.slice(2), ...sent]);
  // At once, so that the bound holds for those too.
  await Promise.all(Array.from({ length: 6 }, () => send(sender)));
  expect(await kept()).toHaveLength(2000);
  await database.execute(sql`DELETE FROM diagnosis_reports WHERE user_name = 'filler'`);
});

test('it is kept for 30 days, and then gone', async () => {
  passedMs += 30 * DAY_MS - 3_600_000;
  await service.opened.core.sentReports.removeOld();
  expect((await service.opened.core.sentReports.list({ limit: 100 })).items.length).toBeGreaterThan(10);
  passedMs += 3_601_000;
  await service.opened.core.sentReports.removeOld();
  const { items } = diagnosticsRoutes.diagnosisReportList.response.parse(await service.opened.core.sentReports.list({ limit: 100 }));
  expect(items).toEqual([]);
});
