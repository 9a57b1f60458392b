import type { AccountState } from '../../../shared/ipc/stores.ts';
import type { Check } from '../check.ts';

/** Who is signed in, and why nobody is where the service ended it. */
export function signInState(account: AccountState): Check {
  return {
    id: 'sign-in', check: 'sign-in', subject: { kind: 'service' }, leg: 'L1',
    limitMs: 1000,
    run: async () => {
      const reason = account.status === 'signed-out' ? account.reason : null;
      return { verdict: account.status === 'signed-in' ? 'good' : 'attention', facts: { check: 'sign-in', status: account.status, code: reason?.code ?? null, args: { ...reason?.args } } };
    },
  };
}
