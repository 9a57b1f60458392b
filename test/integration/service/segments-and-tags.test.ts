import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateway as gatewaySchema } from '../../../shared/api/gateways.ts';
import { resource as resourceSchema } from '../../../shared/api/resources.ts';
import { auditEntries } from '../../../src-service/store/schema.ts';
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

  const post = (path: string, body: unknown) => admin.ask({ method: 'POST', path, body });
  const addResource = async (tags: string[]) => resourceSchema.parse((await post('/v1/resources', { name: `host-${randomUUID()}`, address: '192.0.2.1', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux', tags })).json);
  const tagsOf = async (id: string) => resourceSchema.parse((await admin.ask({ path: `/v1/resources/${id}` })).json).tags;
  const addGateway = async (segment: string | null) => gatewaySchema.parse(Object((await post('/v1/gateways', { name: `gw-${randomUUID().slice(0, 8)}`, segment, addresses: { host: '192.0.2.9', linkPort: 443, proxyPorts: [7993, 7994, 7995] } })).json).gateway);
  const segmentOf = async (id: string) => gatewaySchema.array().parse(Object((await admin.ask({ path: '/v1/gateways' })).json).items).find((one) => one.id === id)?.segment;
  const entries = async (of: string) => (await service.opened.core.database.select().from(auditEntries).where(eq(auditEntries.kind, of))).map(({ facts }) => Object(typeof facts === 'string' ? JSON.parse(facts) : facts));

  describe('renaming a segment', () => {
    test('rule 6: renames its gateways and rewrites the tags of its resources, other tags kept in their order, with one entry', async () => {
      const [first, second, other] = [await addGateway('gateway-old'), await addGateway('gateway-old'), await addGateway('gateway-older')];
      const [tagged, both, elsewhere] = [await addResource(['env:prod', 'gateway-old', 'web']), await addResource(['gateway-new', 'gateway-old']), await addResource(['gateway-older'])];
      await post('/v1/access-rules', { name: 'names the old one', filter: 'tag:gateway-old', protocols: ['ssh'], policy: {}, subject: { kind: 'role', role: 'user' } });
      const answer = await post('/v1/segments/gateway-old/rename', { name: 'gateway-new' });
      expect(answer.json).toEqual({ gateways: 2, resources: 2, rules: ['names the old one'] });
      expect([await segmentOf(first.id), await segmentOf(second.id), await segmentOf(other.id)]).toEqual(['gateway-new', 'gateway-new', 'gateway-older']);
      expect([await tagsOf(tagged.id), await tagsOf(both.id), await tagsOf(elsewhere.id)]).toEqual([['env:prod', 'gateway-new', 'web'], ['gateway-new'], ['gateway-older']]);
      expect((await entries('gateway.segment-renamed')).at(-1)).toMatchObject({ from: 'gateway-old', to: 'gateway-new', gateways: 2, resources: 2 });
      // What users browse follows at once.
      const rule = await post('/v1/access-rules', { name: 'all', filter: '', protocols: ['ssh'], policy: {}, subject: { kind: 'role', role: 'admin' } });
      const found = Object((await admin.ask({ path: '/v1/resources?filter=tag:gateway-new' })).json);
      expect(found.total).toBe(2);
      await admin.ask({ method: 'DELETE', path: `/v1/access-rules/${Object(rule.json).id}` });
    });

    test('rule 6: a renaming that is refused changes nothing: no such segment, or one of the new name', async () => {
      const gateway = await addGateway('gateway-a');
      await addGateway('gateway-b');
      const tagged = await addResource(['gateway-a']);
      expect(codeOf(await post('/v1/segments/gateway-a/rename', { name: 'gateway-b' }))).toBe('request.conflict');
      expect(codeOf(await post('/v1/segments/gateway-none/rename', { name: 'gateway-c' }))).toBe('request.not-found');
      expect([await segmentOf(gateway.id), await tagsOf(tagged.id)]).toEqual(['gateway-a', ['gateway-a']]);
    });
  });

  describe('tags of many resources', () => {
    test('S37: a segment’s name is added to a selection and another tag removed in one request, each with its entry of before and after', async () => {
      const made = [await addResource(['old', 'web']), await addResource(['web']), await addResource(['gateway-aws', 'web'])];
      const answer = await post('/v1/resources/tags', { resourceIds: made.map(({ id }) => id), add: ['Gateway-AWS'], remove: ['old'] });
      expect(answer.json).toEqual({ changed: 2, unchanged: 1 });
      expect(await Promise.all(made.map(({ id }) => tagsOf(id)))).toEqual([['web', 'gateway-aws'], ['web', 'gateway-aws'], ['gateway-aws', 'web']]);
      const own = (await entries('resource.tags-changed')).filter(({ resourceId }) => made.some(({ id }) => id === resourceId));
      expect(own).toHaveLength(2);
      expect(own).toContainEqual({ resourceId: made[0]?.id, name: made[0]?.name, before: ['old', 'web'], after: ['web', 'gateway-aws'] });
    });

    test('S37: all or none: a resource that is gone, or one that would have too many tags, changes nothing', async () => {
      const full = await addResource(Array.from({ length: 64 }, (_, number) => `t${number}`));
      const other = await addResource(['web']);
      expect(codeOf(await post('/v1/resources/tags', { resourceIds: [other.id, full.id], add: ['one-more'] }))).toBe('request.invalid');
      expect(codeOf(await post('/v1/resources/tags', { resourceIds: [other.id, randomUUID()], add: ['one-more'] }))).toBe('resource.unknown');
      expect(codeOf(await post('/v1/resources/tags', { resourceIds: Array.from({ length: 1001 }, () => other.id), add: ['x'] }))).toBe('request.invalid');
      expect(await tagsOf(other.id)).toEqual(['web']);
    });

    test('S37: a thousand resources at once, within the time that a person waits', async () => {

      expect((await post('/v1/resources/import', { format: 'json', text: JSON.stringify(Array.from({ length: 1000 }, (_, number) => ({ name: `bulk-${number}`, address: '192.0.2.4', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux' }))) })).status).toBe(200);
      const ids = [...(await service.opened.core.resources.existing(Array.from({ length: 1000 }, (_, number) => `bulk-${number}`))).values()];
      expect(ids).toHaveLength(1000);
      const answer = await post('/v1/resources/tags', { resourceIds: ids, add: ['gateway-bulk'] });
      expect(answer.json).toEqual({ changed: 1000, unchanged: 0 });
    });
  });
});
