import { routes } from '../../shared/api/index.ts';
import { handle } from '../http/bound-route.ts';
import type { TargetCredentials } from './target-credentials.ts';

/** Management of target credentials: no answer holds a secret. */
export function credentialRoutes(credentials: Pick<TargetCredentials, 'list' | 'create' | 'update' | 'replace' | 'remove'>) {
  return {
    credentialList: handle(routes.credentialList, async () => ({ items: await credentials.list() })),
    credentialCreate: handle(routes.credentialCreate, ({ body }, { actor }) => credentials.create(actor, body)),
    credentialUpdate: handle(routes.credentialUpdate, ({ params, body }, { actor }) => credentials.update(actor, params.credentialId, body)),
    credentialReplace: handle(routes.credentialReplace, ({ params, body }, { actor }) => credentials.replace(actor, params.credentialId, body)),
    credentialRemove: handle(routes.credentialRemove, async ({ params }, { actor }) => {
      await credentials.remove(actor, params.credentialId);
      return {};
    }),
  };
}
