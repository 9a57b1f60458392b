import { expect, test } from 'vitest';
import { accessRule } from '../../../shared/api/access-rules.ts';
import { codeOf, startServiceOn } from '../../fixtures/service-under-test.ts';

test.each(['pglite', 'postgresql'] as const)('of two administrators who opened the same rule the second to save is told, and loses nothing of the first (%s)', async (kind) => {
  const { service, stop } = await startServiceOn(kind);
  try {
    const admin = await service.administrator();
    const fields = { name: 'opened by two', subject: { kind: 'role', role: 'auditor' }, filter: '', protocols: ['ssh'], policy: {} };
    const opened = accessRule.parse((await admin.ask({ method: 'POST', path: '/v1/access-rules', body: fields })).json);
    const replace = (body: object) => admin.ask({ method: 'PUT', path: `/v1/access-rules/${opened.id}`, body });
    const first = await replace({ ...fields, protocols: ['rdp'], unchangedSince: opened.updatedAt });
    expect(first.status).toBe(200);
    const second = await replace({ ...fields, name: 'renamed', unchangedSince: opened.updatedAt });
    expect([second.status, codeOf(second)]).toEqual([409, 'request.conflict']);
    const now = accessRule.parse(first.json);
    const listed = async () => (await admin.ask({ path: '/v1/access-rules' })).json;
    expect(await listed()).toMatchObject({ items: [{ name: 'opened by two', protocols: ['rdp'], updatedAt: now.updatedAt }] });
    // With the rule as it is now it goes, as it does for whoever does not ask.
    expect((await replace({ ...fields, name: 'renamed', unchangedSince: now.updatedAt })).status).toBe(200);
    expect((await replace({ ...fields, name: 'again' })).status).toBe(200);
    expect(await listed()).toMatchObject({ items: [{ name: 'again', protocols: ['ssh'] }] });
  } finally {
    await stop();
  }
});
