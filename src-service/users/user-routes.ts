import { routes } from '../../shared/api/index.ts';
import { handle } from '../http/bound-route.ts';
import type { Accounts } from './accounts.ts';

/** Management of accounts. */
export function userRoutes(accounts: Pick<Accounts, 'list' | 'create' | 'update' | 'disable' | 'enable' | 'unlock' | 'resetPassword' | 'revokeTokens'>) {
  return {
    userList: handle(routes.userList, ({ query }) => accounts.list(query)),
    userCreate: handle(routes.userCreate, ({ body }, { actor }) => accounts.create(actor, body)),
    userUpdate: handle(routes.userUpdate, ({ params, body }, { actor }) => accounts.update(actor, params.userId, body)),
    userDisable: handle(routes.userDisable, ({ params }, { actor, user }) => accounts.disable(actor, user.role, params.userId)),
    userEnable: handle(routes.userEnable, ({ params }, { actor }) => accounts.enable(actor, params.userId)),
    userUnlock: handle(routes.userUnlock, ({ params }, { actor, user }) => accounts.unlock(actor, user.role, params.userId)),
    userResetPassword: handle(routes.userResetPassword, async ({ params }, { actor, user }) => ({ oneTimePassword: await accounts.resetPassword(actor, user.role, params.userId) })),
    userRevokeTokens: handle(routes.userRevokeTokens, async ({ params }, { actor, user }) => {
      await accounts.revokeTokens(actor, user.role, params.userId);
      return {};
    }),
  };
}
