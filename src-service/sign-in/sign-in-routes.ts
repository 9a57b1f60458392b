import { routes } from '../../shared/api/index.ts';
import { handle, handleOpen } from '../http/bound-route.ts';
import type { Accounts } from '../users/accounts.ts';
import type { SignIn } from './sign-in.ts';

/** Signing in and out, and one's own account. */
export function signInRoutes({ signIn, accounts }: { signIn: Pick<SignIn, 'challenge' | 'withPassword' | 'withOneTimeSignIn'>; accounts: Pick<Accounts, 'signOut' | 'changeOwnPassword'> }) {
  return {
    signInChallenge: handleOpen(routes.signInChallenge, async () => signIn.challenge()),
    signIn: handleOpen(routes.signIn, ({ body: { name, password, ...proof } }, { address }) => signIn.withPassword({ name, password }, proof, address)),
    signInOneTime: handleOpen(routes.signInOneTime, ({ body: { oneTimeSignIn, ...proof } }, { address }) => signIn.withOneTimeSignIn(oneTimeSignIn, proof, address)),
    signOut: handle(routes.signOut, async (_input, { user, actor, tokenSha256 }) => {
      await accounts.signOut(actor, user.id, tokenSha256);
      return {};
    }),
    me: handle(routes.me, async (_input, { user, sessionExpiresAt }) => ({ user, expiresAt: sessionExpiresAt.toISOString() })),
    changePassword: handle(routes.changePassword, async ({ body: { current, next } }, { user, actor, tokenSha256 }) => {
      await accounts.changeOwnPassword(actor, user.id, tokenSha256, current, next);
      return {};
    }),
  };
}
