import { credential, type Credential } from '../../../shared/api/credentials.ts';
import type { IpcAnswer } from '../../../shared/ipc/contract.ts';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import type { Harness } from './scripted-mavis.ts';

type Noted = <Args, T>(name: string, run: (args: Args) => Promise<IpcAnswer<T>>) => (args: Args) => Promise<IpcAnswer<T>>;
const ok = <T>(value: T): Promise<IpcAnswer<T>> => Promise.resolve({ ok: true, value });
const refused = (code: string, args: Record<string, string | number> = {}): Promise<IpcAnswer<never>> => Promise.resolve({ ok: false, code, args, reference: null });
const at = '2026-11-23T08:00:00.000Z';
const id = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

function madeCredentials(): Credential[] {
  const made = (number: number, name: string, kind: Credential['kind'], userName: string, resources: number) => credential.parse({ id: id(0x900 + number), name, kind, userName, resources, createdAt: at, updatedAt: at });
  return [made(1, 'Orders database', 'password', 'oracle', 12), made(2, 'Web servers, Tokyo', 'private-key', 'deploy', 412), made(3, '予備のサーバー', 'password', 'administrator', 0)];
}

/** What main and the service answer of target credentials; a private key with `bad` in it cannot be read. */
export function credentialCalls(noted: Noted, patch: Harness['patch'], scene: string) {
  let items = scene === 'empty' ? [] : madeCredentials();
  let changes = 0;
  const put = (changed: Credential): Promise<IpcAnswer<Credential>> => {
    items = [...items.filter((one) => one.id !== changed.id), changed].toSorted((one, other) => one.name.localeCompare(other.name));
    changes += 1;
    patch('changes', ['credentials'], changes);
    return ok(changed);
  };
  const of = (wanted: string) => items.find((one) => one.id === wanted);
  const main: WindowApi['credentials'] = {
    chooseKeyFile: noted('credentials.chooseKeyFile', () => (scene === 'bad-key-file' ? refused('client.key-file-unreadable') : ok({ keyFile: { id: id(0x990), name: 'id_ed25519' } }))),
    save: noted('credentials.save', ({ credentialId, fields }) => {
      if (fields.kind === 'private-key' && fields.privateKey.includes('bad')) return refused('credential.key-unreadable');
      return put(credential.parse({ id: credentialId ?? id(0x950), name: fields.name, userName: fields.userName, kind: fields.kind === 'password' ? 'password' : 'private-key', resources: 0, createdAt: at, updatedAt: '2026-11-26T09:00:00.000Z' }));
    }),
  };
  return {
    main,
    service: {
      credentialList: () => (scene === 'credentials-failed' ? refused('service.database-unavailable') : scene === 'credentials-loading' ? new Promise<never>(() => undefined) : ok({ items })),
      credentialUpdate: noted('service.credentialUpdate', ({ params, body }: Parameters<WindowApi['service']['credentialUpdate']>[0]) => {
        const before = of(params.credentialId);
        return before ? put(credential.parse({ ...before, ...body })) : refused('request.not-found');
      }),
      credentialRemove: noted('service.credentialRemove', ({ params }: Parameters<WindowApi['service']['credentialRemove']>[0]) => {
        const before = of(params.credentialId);
        if (before && before.resources > 0) return refused('credential.in-use', { count: before.resources, names: 'tokyo-db-00001, tokyo-db-00009, tokyo-db-00017, tokyo-db-00025, tokyo-db-00033, …' });
        items = items.filter((one) => one.id !== params.credentialId);
        return ok({});
      }),
    },
  };
}
