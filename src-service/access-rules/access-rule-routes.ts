import { routes } from '../../shared/api/index.ts';
import { handle } from '../http/bound-route.ts';
import type { Access } from './access.ts';
import type { AccessTrials } from './access-trials.ts';

/** Management of access rules. */
export function accessRuleRoutes(access: Pick<Access, 'list' | 'create' | 'update' | 'remove' | 'matches'>, trials: Pick<AccessTrials, 'try'>) {
  return {
    accessRuleList: handle(routes.accessRuleList, async () => ({ items: [...access.list()] })),
    accessRuleMatches: handle(routes.accessRuleMatches, async ({ query }) => access.matches(query.filter)),
    accessRuleTry: handle(routes.accessRuleTry, ({ query }) => trials.try(query)),
    accessRuleCreate: handle(routes.accessRuleCreate, ({ body }, { actor }) => access.create(actor, body)),
    accessRuleUpdate: handle(routes.accessRuleUpdate, ({ params, body: { unchangedSince, ...fields } }, { actor }) => access.update(actor, params.accessRuleId, fields, unchangedSince)),
    accessRuleRemove: handle(routes.accessRuleRemove, async ({ params }, { actor }) => {
      await access.remove(actor, params.accessRuleId);
      return {};
    }),
  };
}
