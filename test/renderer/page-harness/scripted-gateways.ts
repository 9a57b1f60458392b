import { gateway, type Gateway } from '../../../shared/api/gateways.ts';
import { connectionTest, resource } from '../../../shared/api/resources.ts';
import type { IpcAnswer } from '../../../shared/ipc/contract.ts';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import { madeGateways } from './made-gateways.ts';
import type { Harness } from './scripted-mavis.ts';

type Noted = <Args, T>(name: string, run: (args: Args) => Promise<IpcAnswer<T>>) => (args: Args) => Promise<IpcAnswer<T>>;
const ok = <T>(value: T): Promise<IpcAnswer<T>> => Promise.resolve({ ok: true, value });
const refused = (code: string, args: Record<string, string | number> = {}): Promise<IpcAnswer<never>> => Promise.resolve({ ok: false, code, args, reference: null });

/** The fingerprint that the scripted main computes for every well-formed line. */
export const PASTED_FINGERPRINT = 'SHA256:q7RtW2xKp0ZcVn8Yd4LhGf6sJ1eTuBoM3iQwAv9Xr5k';
/** Of the next key of every gateway that makes one. */
const NEXT_FINGERPRINT = 'SHA256:Qx7pL2RmB9vKd4ZtHn6YwCf1JsGe8UoXa3iPq5MrT0V';
const NEW_ID = '00000000-0000-4000-8000-000000000700';

/** What main answers of setting a gateway up. */
export function gatewaySetupCalls(noted: Noted): Omit<WindowApi['gateways'], 'refresh'> {
  return {
    installation: noted('gateways.installation', () => ok({ serviceFingerprint: 'SHA256:sF3kM8vQz1Xb5RtYw7LnCg2HpJd4UeAo9iKqZm6Tx0E', command: `echo ${'eyJjb25maWd1cmF0aW9uIjoi'.repeat(12)} | base64 -d | sudo -u mavis-gateway tee /var/lib/mavis-gateway/received-configuration.json >/dev/null`, fileName: 'office1-gw-3.mavis-gateway.json' })),
    saveConfiguration: noted('gateways.saveConfiguration', () => ok({ saved: true })),
    readPastedKey: noted('gateways.readPastedKey', ({ text }) => {
      const line = text.split('\n').map((one) => one.trim()).find((one) => /^mavis-gateway-key-1 \S{80,} \S{40,} \S+$/.test(one)) ?? null;
      return ok({ line, fingerprint: line === null ? null : PASTED_FINGERPRINT, name: line?.split(' ')[3] ?? null, printed: /SHA256:[A-Za-z0-9+/]{43}/.exec(text)?.[0] ?? null });
    }),
  };
}

/** What the service answers to what an administrator does with gateways and resources; the store follows as the event stream would make it. */
export function gatewayServiceCalls(noted: Noted, patch: Harness['patch']) {
  const known = new Map<string, Gateway>(madeGateways().map((one) => [one.id, one]));
  const put = (changed: Gateway): Gateway => {
    known.set(changed.id, changed);
    patch('gateways', ['items', changed.id], changed);
    return changed;
  };
  const of = (id: string): Gateway => {
    const found = known.get(id);
    if (!found) throw new Error('no such gateway');
    return found;
  };
  return {
    gatewayRegister: noted('service.gatewayRegister', ({ body }: Parameters<WindowApi['service']['gatewayRegister']>[0]) => {
      if ([...known.values()].some(({ name }) => name === body.name)) return refused('request.conflict', { what: 'name' });
      const pending = madeGateways().find(({ status }) => status.state === 'pending');
      const made = put(gateway.parse({ ...pending, ...body, id: NEW_ID }));
      return ok({ gateway: made, configurationFile: { configuration: '{}', signature: '', signingKey: '' }, serviceFingerprint: '' });
    }),
    gatewayEnterKey: noted('service.gatewayEnterKey', ({ params }: Parameters<WindowApi['service']['gatewayEnterKey']>[0]) => {
      const before = of(params.gatewayId);
      return ok(put({ ...before, keyFingerprint: PASTED_FINGERPRINT, status: { ...before.status, code: null } }));
    }),
    gatewayRotateKey: noted('service.gatewayRotateKey', ({ params }: Parameters<WindowApi['service']['gatewayRotateKey']>[0]) => ok(put({ ...of(params.gatewayId), nextKeyFingerprint: NEXT_FINGERPRINT }))),
    gatewaySwitchKey: noted('service.gatewaySwitchKey', ({ params, body }: Parameters<WindowApi['service']['gatewaySwitchKey']>[0]) => {
      const before = of(params.gatewayId);
      return body.fingerprint === before.nextKeyFingerprint ? ok(put({ ...before, keyFingerprint: body.fingerprint, nextKeyFingerprint: null })) : refused('gateway.no-next-key', { gateway: before.name });
    }),
    gatewayUpdate: noted('service.gatewayUpdate', ({ params, body }: Parameters<WindowApi['service']['gatewayUpdate']>[0]) => ok(put(gateway.parse({ ...of(params.gatewayId), ...body })))),
    gatewayRemove: noted('service.gatewayRemove', () => ok({})),
    segmentRename: noted('service.segmentRename', ({ params, body }: Parameters<WindowApi['service']['segmentRename']>[0]) => {
      const own = [...known.values()].filter(({ segment }) => segment === params.segment);
      for (const one of own) put({ ...one, segment: body.name });
      return ok({ gateways: own.length, resources: 412, rules: ['Vendors at night'] });
    }),
    resourceTags: () => ok({ tags: [{ tag: 'env:prod', count: 900 }, { tag: 'gateway-gone', count: 3 }, { tag: 'web', count: 400 }], total: 2000 }),
    resourceTagsChange: noted('service.resourceTagsChange', ({ body }: Parameters<WindowApi['service']['resourceTagsChange']>[0]) => ok({ changed: body.resourceIds.length, unchanged: 0 })),
    resourceRead: noted('service.resourceRead', ({ params }: Parameters<WindowApi['service']['resourceRead']>[0]) =>
      ok(resource.parse({ id: params.resourceId, name: 'tokyo-db-00008', address: '10.0.0.8', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux', description: 'Orders', identities: [], tags: ['gateway-tokyo', 'env:prod'], credentialId: null, allowSpecialAddress: false, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' }))),
    resourceCreate: noted('service.resourceCreate', ({ body }: Parameters<WindowApi['service']['resourceCreate']>[0]) => window.harness.held.then(() => ok(resource.parse({ ...body, id: NEW_ID, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' })))),
    resourceUpdate: noted('service.resourceUpdate', ({ params, body }: Parameters<WindowApi['service']['resourceUpdate']>[0]) =>
      ok(resource.parse({ name: 'tokyo-db-00008', address: '10.0.0.8', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux', ...body, id: params.resourceId, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' }))),
    resourceRemove: noted('service.resourceRemove', () => ok({})),
    resourceConnectionTest: noted('service.resourceConnectionTest', ({ body }: Parameters<WindowApi['service']['resourceConnectionTest']>[0]) =>
      ok(connectionTest.parse({
        gatewayId: body.gatewayId ?? NEW_ID, gatewayName: known.get(body.gatewayId ?? '')?.name ?? 'tokyo-gw-1',
        stages: [{ stage: 'choice', ok: true, milliseconds: 1 }, { stage: 'grant', ok: true, milliseconds: 12 }, { stage: 'resolve', ok: true, milliseconds: 3 }, { stage: 'tcp', ok: true, milliseconds: 9 }, { stage: 'banner', ok: true, milliseconds: 14 }, { stage: 'identity', ok: true, milliseconds: 31 }],
        identity: { fingerprint: 'SHA256:h0stB7nVx3QwEr5TyUi9OpAs1DfGh2JkLz4Xc6Vb8Nm', kind: 'ssh-ed25519', expected: false },
      }))),
    resourceConfirmIdentity: noted('service.resourceConfirmIdentity', ({ params }: Parameters<WindowApi['service']['resourceConfirmIdentity']>[0]) =>
      ok(resource.parse({ id: params.resourceId, name: 'x', address: '10.1.0.1', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux', createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' }))),
  };
}
