import { expect, test } from 'vitest';
import { profileId } from '../../../shared/ids.ts';
import { ProfileChoice } from '../../../src-main/profiles/profile-choice.ts';

const [FIRST, SECOND, THIRD] = [1, 2, 3].map((number) => profileId.parse(`00000000-0000-4000-8000-00000000000${number}`));

test('of several choices the last one holds, also where one before it waits for a sign-out; each is left signed out', async () => {
  if (!FIRST || !SECOND || !THIRD) throw new Error('three ids were expected');
  const done: string[] = [];
  let selected = { id: FIRST };
  let signedOut: () => void = () => undefined;
  const choice = new ProfileChoice({
    profiles: {
      get selected() {
        return selected;
      },
      select: async (id) => {
        done.push(`select ${id.at(-1)}`);
        selected = { id };
      },
    },
    account: {
      signOut: async () => {
        done.push('sign out');
        // Only the first one has a service that takes its time.
        if (done.length === 1) await new Promise<void>((resolve) => (signedOut = resolve));
      },
    },
    diagnostics: { forget: () => void done.push('forget') },
  });
  const all = [choice.select(SECOND), choice.select(THIRD), choice.ensure(THIRD)];
  await expect.poll(() => done).toEqual(['sign out']);
  signedOut();
  await Promise.all(all);
  expect(done).toEqual(['sign out', 'forget', 'select 2', 'sign out', 'forget', 'select 3', 'select 3']);
  await choice.ensure(THIRD);
  expect(done).toHaveLength(7);
});
