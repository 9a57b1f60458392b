import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { importReport, resource as resourceSchema } from '../../../shared/api/resources.ts';
import { resourceId as resourceIdSchema } from '../../../shared/ids.ts';
import { codeOf, startServiceOn, type ServiceUnderTest, type SignedInUser } from '../../fixtures/service-under-test.ts';

describe.each(['pglite', 'postgresql'] as const)('on %s', (kind) => {
  let service: ServiceUnderTest;
  let stop: () => Promise<void>;
  let admin: SignedInUser;
  beforeAll(async () => {
    ({ service, stop } = await startServiceOn(kind));
    admin = await service.administrator();
  });
  afterAll(() => stop());

  const list = z.object({ items: z.array(z.object({ id: z.string(), name: z.string() })), total: z.number(), revision: z.string(), nextCursor: z.string().optional() });
  const listOfUser = z.object({ items: z.array(z.object({ protocols: z.array(z.string()), allowedProtocols: z.array(z.string()) })), revision: z.string() });
  const linux = { address: '192.0.2.1', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux' };

  async function create(fields: Record<string, unknown>) {
    const answer = await admin.ask({ method: 'POST', path: '/v1/resources', body: { ...linux, ...fields } });
    expect(answer.status).toBe(200);
    return resourceSchema.parse(answer.json);
  }

  async function giveAll(fields: Record<string, unknown>): Promise<string> {
    const answer = await admin.ask({ method: 'POST', path: '/v1/access-rules', body: { name: 'rule', filter: '', protocols: ['ssh'], policy: {}, ...fields } });
    expect(answer.status).toBe(200);
    return z.object({ id: z.string() }).parse(answer.json).id;
  }

  async function seen(user: SignedInUser, query = ''): Promise<string[]> {
    const answer = await user.ask({ path: `/v1/resources${query}` });
    return list.parse(answer.json).items.map(({ name }) => name);
  }

  describe('what a user sees', () => {
    test('S56: is what a rule gives, and nothing after the rule is gone; administrators need one too', async () => {
      await create({ name: 'aws-1', tags: ['gateway-aws'] });
      await create({ name: 'gcp-1', tags: ['gateway-gcp'] });
      const user = await service.newUser('user');
      expect([await seen(user), await seen(admin)]).toEqual([[], []]);
      const byRole = await giveAll({ subject: { kind: 'role', role: 'user' }, filter: 'tag:gateway-aws' });
      expect(await seen(user)).toEqual(['aws-1']);
      const byUser = await giveAll({ subject: { kind: 'user', userId: user.id }, filter: 'tag:gateway-gcp' });
      expect(await seen(user)).toEqual(['aws-1', 'gcp-1']);
      expect(await seen(user, '?filter=-tag:gateway-aws')).toEqual(['gcp-1']);
      expect((await user.ask({ path: '/v1/resource-tags' })).json).toEqual({ tags: [{ tag: 'gateway-aws', count: 1 }, { tag: 'gateway-gcp', count: 1 }], total: 2 });
      await admin.ask({ method: 'DELETE', path: `/v1/access-rules/${byRole}` });
      expect(await seen(user)).toEqual(['gcp-1']);
      await admin.ask({ method: 'DELETE', path: `/v1/access-rules/${byUser}` });
      expect(await seen(user)).toEqual([]);
    });

    test('S56: a list says which protocols of a resource the rules give, and another revision where what they give is another, to whom they concern', async () => {
      const answerOf = async (user: SignedInUser) => listOfUser.parse((await user.ask({ path: '/v1/resources?filter=tag:spoken' })).json);
      const [user, other] = [await service.newUser('user'), await service.newUser('operator')];
      await create({ name: 'spoken-1', tags: ['spoken'], protocols: [{ protocol: 'ssh', port: 22 }, { protocol: 'sftp', port: 22 }, { protocol: 'rdp', port: 3389 }] });
      const rules = [await giveAll({ subject: { kind: 'user', userId: user.id }, filter: 'tag:spoken', protocols: ['ssh', 'vnc'] }), await giveAll({ subject: { kind: 'user', userId: other.id }, filter: 'tag:spoken', protocols: ['vnc'] })];
      const [before, beforeOfOther] = [await answerOf(user), await answerOf(other)];
      expect([before, beforeOfOther].map(({ items }) => items)).toMatchObject([[{ protocols: ['ssh', 'sftp', 'rdp'], allowedProtocols: ['ssh'] }], [{ allowedProtocols: [] }]]);
      rules.push(await giveAll({ subject: { kind: 'role', role: 'user' }, filter: 'tag:spoken', protocols: ['rdp'] }));
      const after = await answerOf(user);
      expect(after.items).toMatchObject([{ allowedProtocols: ['ssh', 'rdp'] }]);
      expect(after.revision).not.toBe(before.revision);
      expect((await answerOf(other)).revision).toBe(beforeOfOther.revision);
      for (const rule of rules) await admin.ask({ method: 'DELETE', path: `/v1/access-rules/${rule}` });
      expect((await answerOf(user)).items).toEqual([]);
    });

    test('follows every change of a resource at once: new tags, a new name, removal', async () => {
      const user = await service.newUser('user');
      const rule = await giveAll({ subject: { kind: 'user', userId: user.id }, filter: 'tag:follow' });
      const made = await create({ name: 'follow-1', tags: ['FOLLOW', 'follow'] });
      expect(made.tags).toEqual(['follow']);
      expect(await seen(user)).toEqual(['follow-1']);
      await admin.ask({ method: 'PATCH', path: `/v1/resources/${made.id}`, body: { name: 'follow-2' } });
      expect(await seen(user)).toEqual(['follow-2']);
      await admin.ask({ method: 'PATCH', path: `/v1/resources/${made.id}`, body: { tags: [] } });
      expect(await seen(user)).toEqual([]);
      await admin.ask({ method: 'PATCH', path: `/v1/resources/${made.id}`, body: { tags: ['follow'] } });
      await admin.ask({ method: 'DELETE', path: `/v1/resources/${made.id}` });
      expect(await seen(user)).toEqual([]);
      expect(codeOf(await admin.ask({ path: `/v1/resources/${made.id}` }))).toBe('resource.unknown');
      await admin.ask({ method: 'DELETE', path: `/v1/access-rules/${rule}` });
    });

    test('pages hold every resource once, in order, also when the inventory changes in between', async () => {
      const user = await service.newUser('user');
      await giveAll({ subject: { kind: 'user', userId: user.id }, filter: 'name:page-' });
      const entries = Array.from({ length: 25 }, (_value, index) => ({ ...linux, name: `page-${String(index).padStart(2, '0')}` }));
      await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'json', text: JSON.stringify(entries) } });
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = list.parse((await user.ask({ path: `/v1/resources?limit=10${cursor === undefined ? '' : `&cursor=${cursor}`}` })).json);
        names.push(...page.items.map(({ name }) => name));
        if (cursor === undefined) await create({ name: 'page-00-late' });
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(names).toEqual(entries.map(({ name }) => name));
    });

    test('holds neither credential nor identity', async () => {
      const text = (await admin.ask({ path: '/v1/resources' })).text;
      expect(text).not.toMatch(/credentialId|identities|allowSpecialAddress/);
    });
  });

  describe('management', () => {
    test('a name is taken once, without regard to case, also after an import', async () => {
      const made = await create({ name: 'Only-One' });
      expect(codeOf(await admin.ask({ method: 'POST', path: '/v1/resources', body: { ...linux, name: 'only-one' } }))).toBe('request.conflict');
      const report = importReport.parse((await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'json', text: JSON.stringify([{ ...linux, name: 'ONLY-ONE', description: 'new' }, { ...linux, name: 'only-one' }, { ...linux, name: 'second' }, { name: 'bad' }]) } })).json);
      expect(report).toMatchObject({ created: 1, updated: 1, badLineCount: 2 });
      expect(report.badLines.map(({ line, code }) => [line, code])).toEqual([[2, 'duplicate'], [4, 'missing']]);
      expect(resourceSchema.parse((await admin.ask({ path: `/v1/resources/${made.id}` })).json)).toMatchObject({ name: 'ONLY-ONE', description: 'new', createdAt: made.createdAt });
    });

    test('a line with text that no database takes is told, in either format, and the others of the import are taken', async () => {
      const json = JSON.stringify([{ ...linux, name: 'with-nul', description: 'a\0b' }, { ...linux, name: 'with-half', description: 'a\ud800' }, { ...linux, name: 'half-tag', tags: ['a\ud800'] }, { ...linux, name: 'whole-one', description: 'a 🗾' }]);
      const told = importReport.parse((await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'json', text: json } })).json);
      expect([told.created, told.badLines.map(({ column }) => column.split('.')[0])]).toEqual([1, ['description', 'description', 'tags']]);
      const csv = 'name,address,protocols,operatingSystem,description\ncsv-nul,192.0.2.1,ssh:22,linux,a\0b\ncsv-whole,192.0.2.1,ssh:22,linux,fine\n';
      const read = importReport.parse((await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'csv', text: csv } })).json);
      expect([read.created, read.badLines.map(({ column }) => column)]).toEqual([1, ['description']]);
    });

    test('an import of several thousand keeps each row to the letter, adds and replaces in one entry, and takes new ids for new names alone', async () => {
      const odd = ['plain', `o'clock "quoted"`, 'back\\slash \\n', 'タグ 標籤 🜚', '{"json": [1]}', '%s $1 ?', ' tab\tand line\nend '];
      const key = `SHA256:${'k'.repeat(43)}`;
      const entries = Array.from({ length: 2500 }, (_value, index) => ({ ...linux, name: `bulk-${index} ${odd[index % odd.length]?.trim().replaceAll(/\s/g, ' ') ?? ''}`, description: odd[index % odd.length] ?? '', tags: index % 2 ? [`bulk:${index % 7}`, 'プロ'] : [], identities: index % 3 ? [] : [key] }));
      const send = async (rows: readonly object[]) => importReport.parse((await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'json', text: JSON.stringify(rows) } })).json);
      expect(await send(entries)).toMatchObject({ created: 2500, updated: 0, badLineCount: 0 });
      const all = async () => {
        const ids = service.opened.core.inventory.index;
        const found = ids.page(ids.match({ kind: 'text', field: 'name', text: 'bulk-' }), 0, 3000).map(({ id }) => resourceIdSchema.parse(id));
        return service.opened.core.resources.readMany(found);
      };
      const before = new Map((await all()).map((row) => [row.name, row]));
      for (const { name, description, tags, identities } of entries) expect(before.get(name)).toMatchObject({ description, tags, identities, credentialId: null });
      const again = [...entries.map((entry) => ({ ...entry, description: 'changed' })), { ...linux, name: 'bulk-new' }];
      expect(await send(again)).toMatchObject({ created: 1, updated: 2500 });
      const after = await all();
      expect(after).toHaveLength(2501);
      for (const row of after.filter(({ name }) => name !== 'bulk-new')) expect(row).toMatchObject({ id: before.get(row.name)?.id, createdAt: before.get(row.name)?.createdAt, description: 'changed' });
      expect((await admin.ask({ path: '/v1/audit?kind=resource.imported' })).text).toContain('"updated":2500');
    });

    test('S8: a file without a column leaves what is there, so that a resource keeps the segment that its tags choose; an empty cell empties it', async () => {
      const send = async (text: string) => importReport.parse((await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'csv', text } })).json);
      const { id } = await create({ name: 'tagged-in-office9', tags: ['gateway-office9'], description: 'first' });
      const read = async () => resourceSchema.parse((await admin.ask({ path: `/v1/resources/${id}` })).json);
      expect(await send('name,address,protocols,operatingSystem,description\ntagged-in-office9,moved.test,ssh:22,linux,second\n')).toMatchObject({ updated: 1, badLineCount: 0 });
      expect(await read()).toMatchObject({ address: 'moved.test', description: 'second', tags: ['gateway-office9'] });
      expect(await send('name,address,protocols,operatingSystem,tags\nTagged-in-Office9,moved.test,ssh:22,linux,\n')).toMatchObject({ updated: 1 });
      expect(await read()).toMatchObject({ tags: [], description: 'second' });
    });

    test('a dry run reports the same and changes nothing', async () => {
      const file = { format: 'csv', text: 'name,address,protocols,operatingSystem\ndry-1,a.test,ssh:22,linux\ndry-2,a.test,nope,linux' };
      const dry = importReport.parse((await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { ...file, dryRun: true } })).json);
      expect(service.opened.core.inventory.index.match({ kind: 'text', field: 'name', text: 'dry-1' }).count()).toBe(0);
      expect(importReport.parse((await admin.ask({ method: 'POST', path: '/v1/resources/import', body: file })).json)).toEqual(dry);
    });

    test('rule 14: an identity is confirmed beside those known or in their place, and the entry holds both fingerprints', async () => {
      const [first, second] = [`SHA256:${'a'.repeat(43)}`, `SHA256:${'b'.repeat(43)}`];
      const { id } = await create({ name: 'identified' });
      const confirm = async (fingerprint: string, replace: boolean) => resourceSchema.parse((await admin.ask({ method: 'PUT', path: `/v1/resources/${id}/identity`, body: { fingerprint, replace } })).json).identities;
      expect([await confirm(first, false), await confirm(second, false), await confirm(second, true)]).toEqual([[first], [first, second], [second]]);
      const audit = z.object({ items: z.array(z.object({ facts: z.record(z.string(), z.unknown()) })) }).parse((await admin.ask({ path: '/v1/audit?kind=resource.identity-confirmed' })).json);
      expect(audit.items[0]?.facts).toMatchObject({ before: [first, second], confirmed: second, replace: true, resourceId: id });
    });

    test('rule 13: that a special address is allowed stands in the audit log', async () => {
      const { id } = await create({ name: 'special', allowSpecialAddress: true });
      const audit = await admin.ask({ path: `/v1/audit?kind=resource.created&resource=${id}` });
      expect(audit.text).toContain('"allowSpecialAddress":true');
    });

    test('rule 8: that a resource may be reached unencrypted through Tunnel is off unless set, by API and by import, is exported, and stands in the audit log with before and after', async () => {
      const { id } = await create({ name: 'plain-vnc' });
      const read = async () => resourceSchema.parse((await admin.ask({ path: `/v1/resources/${id}` })).json).allowUnencryptedTunnel;
      expect(await read()).toBe(false);
      await admin.ask({ method: 'PATCH', path: `/v1/resources/${id}`, body: { allowUnencryptedTunnel: true } });
      expect(await read()).toBe(true);
      // A change of something else leaves it.
      await admin.ask({ method: 'PATCH', path: `/v1/resources/${id}`, body: { description: 'the old console' } });
      expect(await read()).toBe(true);
      expect((await admin.ask({ path: `/v1/audit?kind=resource.changed&resource=${id}` })).text).toMatch(/"before\.allowUnencryptedTunnel":false.*"after\.allowUnencryptedTunnel":true|"after\.allowUnencryptedTunnel":true.*"before\.allowUnencryptedTunnel":false/);
      const exported = (await admin.ask({ path: '/v1/resources/export?format=json&filter=plain-vnc' })).text;
      expect(exported).toContain('"allowUnencryptedTunnel": true');
      await admin.ask({ method: 'PATCH', path: `/v1/resources/${id}`, body: { allowUnencryptedTunnel: false } });
      await admin.ask({ method: 'POST', path: '/v1/resources/import', body: { format: 'json', text: exported } });
      expect(await read()).toBe(true);
      expect((await admin.ask({ path: '/v1/audit?kind=resource.imported' })).text).toContain('"unencryptedTunnelNames":["plain-vnc"]');
    });

    test('a rule with a filter that cannot be read, or an unknown user or time zone, is refused', async () => {
      const rule = { name: 'r', filter: '', protocols: ['ssh'], policy: {}, subject: { kind: 'role', role: 'user' } };
      for (const wrong of [{ filter: '(' }, { subject: { kind: 'user', userId: randomUUID() } }, { windows: [{ days: [1], from: '08:00', until: '09:00', timeZone: 'Mars/Olympus' }] }, { policy: { firstUseTrust: true } }]) {
        expect(codeOf(await admin.ask({ method: 'POST', path: '/v1/access-rules', body: { ...rule, ...wrong } }))).toBe('request.invalid');
      }
    });
  });

  describe('B16: a credential', () => {
    const CANARY = 'canary-7f3a-secret';

    test('goes in and comes out of no route, no log, no audit entry, and not as clear text into the database', async () => {
      const made = await admin.ask({ method: 'POST', path: '/v1/credentials', body: { kind: 'password', name: 'root of web', userName: 'root', password: CANARY } });
      const { id } = z.object({ id: z.string() }).parse(made.json);
      await admin.ask({ method: 'PUT', path: `/v1/credentials/${id}`, body: { kind: 'password', name: 'root of web', userName: 'root', password: `${CANARY}-2` } });
      await admin.ask({ method: 'POST', path: '/v1/credentials', body: { kind: 'private-key', name: 'bad key', userName: 'root', privateKey: `-----BEGIN ${CANARY}` } });
      await admin.ask({ method: 'POST', path: '/v1/credentials', rawBody: `{"kind":"password","name":"${CANARY}` });
      const { id: resourceId } = await create({ name: 'with-credential', credentialId: id });
      expect(codeOf(await admin.ask({ method: 'DELETE', path: `/v1/credentials/${id}` }))).toBe('credential.in-use');
      const answers = [made, await admin.ask({ path: '/v1/credentials' }), await admin.ask({ path: `/v1/resources/${resourceId}` }), await admin.ask({ path: '/v1/resources/export?format=json' }), await admin.ask({ path: '/v1/audit?limit=1000' }), await admin.ask({ path: '/v1/audit/export?format=csv' }), await admin.ask({ path: '/metrics' })];
      for (const answer of answers) expect(answer.text).not.toContain(CANARY);
      expect(service.logged.join('')).not.toContain(CANARY);
      const dump = await dumpDatabase();
      expect(dump).toContain('root of web');
      for (const form of [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 20), Buffer.from(CANARY).toString('hex')]) expect(dump).not.toContain(form);
      // The search would find it: it is what opening gives.
      expect(await service.opened.core.credentials.open(service.opened.core.database, z.custom<Parameters<typeof service.opened.core.credentials.open>[1]>().parse(id))).toEqual({ kind: 'password', userName: 'root', password: `${CANARY}-2` });
    });

    test('is renamed without its secret; says by how many resources it is used, and by which where it cannot be removed', async () => {
      const made = z.object({ id: z.string(), resources: z.number() }).parse((await admin.ask({ method: 'POST', path: '/v1/credentials', body: { kind: 'password', name: 'first name', userName: 'root', password: CANARY } })).json);
      expect(made.resources).toBe(0);
      const used: string[] = [];
      for (const number of [7, 1, 2, 3, 4, 5, 6]) used.push((await create({ name: `uses-it-${String(number)}`, credentialId: made.id })).id);
      const renamed = await admin.ask({ method: 'PATCH', path: `/v1/credentials/${made.id}`, body: { name: 'second name' } });
      expect(renamed.json).toMatchObject({ id: made.id, name: 'second name', userName: 'root', kind: 'password', resources: 7 });
      const listed = z.object({ items: z.array(z.object({ id: z.string(), name: z.string(), resources: z.number() })) }).parse((await admin.ask({ path: '/v1/credentials' })).json);
      expect(listed.items.find(({ id }) => id === made.id)).toEqual({ id: made.id, name: 'second name', resources: 7 });
      const { core } = service.opened;
      expect(await core.credentials.open(core.database, z.custom<Parameters<typeof core.credentials.open>[1]>().parse(made.id))).toEqual({ kind: 'password', userName: 'root', password: CANARY });
      const refused = await admin.ask({ method: 'DELETE', path: `/v1/credentials/${made.id}` });
      expect(refused.json).toMatchObject({ code: 'credential.in-use', args: { count: 7, names: 'uses-it-1, uses-it-2, uses-it-3, uses-it-4, uses-it-5, …' } });
      for (const id of used) await admin.ask({ method: 'DELETE', path: `/v1/resources/${id}` });
      expect((await admin.ask({ method: 'DELETE', path: `/v1/credentials/${made.id}` })).status).toBe(200);
      expect(codeOf(await admin.ask({ method: 'PATCH', path: `/v1/credentials/${made.id}`, body: { name: 'x' } }))).toBe('request.not-found');
      const entries = z.object({ items: z.array(z.object({ kind: z.string(), facts: z.record(z.string(), z.unknown()) })) }).parse((await admin.ask({ path: '/v1/audit?kind=credential.changed' })).json);
      expect(entries.items[0]?.facts).toMatchObject({ credentialId: made.id, 'before.name': 'first name', 'after.name': 'second name' });
    });

    test('put in another\'s place in the database does not open', async () => {
      const make = async (name: string): Promise<string> => z.object({ id: z.string() }).parse((await admin.ask({ method: 'POST', path: '/v1/credentials', body: { kind: 'password', name, userName: 'u', password: name } })).json).id;
      const [one, other] = [await make('one'), await make('other')];
      const { core } = service.opened;
      await core.database.execute(`UPDATE credentials SET sealed = (SELECT sealed FROM credentials WHERE id = '${other}') WHERE id = '${one}'`);
      const id = z.custom<Parameters<typeof core.credentials.open>[1]>().parse(one);
      await expect(core.credentials.open(core.database, id)).rejects.toThrow(/authenticate/);
    });

    async function dumpDatabase(): Promise<string> {
      const { database } = service.opened.core;
      const rows = z.object({ rows: z.array(z.record(z.string(), z.unknown())) });
      const tables = rows.parse(await database.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")).rows.map((row) => String(row['table_name']));
      const texts = [];
      for (const table of tables) texts.push(JSON.stringify(rows.parse(await database.execute(`SELECT * FROM ${table}`)).rows));
      return texts.join('\n');
    }
  });

  test('B14: names with formulas, escapes and line ends leave the audit export harmless', async () => {
    const evil = '=cmd|calc';
    await create({ name: evil, description: 'x' });
    await admin.ask({ method: 'POST', path: '/v1/users', body: { name: 'ann', displayName: '\u001B[31m=evil\n', role: 'user', password: 'a-good-password-1' } });
    const csv = await admin.ask({ path: '/v1/audit/export?format=csv' });
    for (const line of csv.text.trim().split('\n')) expect(line).not.toMatch(/(?:^|,)"?[=+\-@]/);
    expect(csv.text).not.toContain('\u001B');
    const resources = await admin.ask({ path: '/v1/resources/export?format=csv' });
    expect(resources.text).toContain(`'${evil}`);
    expect(resources.headers['content-disposition']).toBe('attachment; filename="resources.csv"');
  });
});
