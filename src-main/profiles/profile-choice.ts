import type { ProfileId } from '../../shared/ids.ts';
import type { Account } from '../account/account.ts';
import type { DiagnosticsDesks } from '../diagnostics/diagnostics-desks.ts';
import type { Profiles } from './profiles.ts';

interface ProfileChoiceParts {
  readonly profiles: Pick<Profiles, 'select'> & { readonly selected: { readonly id: ProfileId } | undefined };
  readonly account: Pick<Account, 'signOut'>;
  readonly diagnostics: Pick<DiagnosticsDesks, 'forget'>;
}

/** Which profile the user works with. With another one goes who was signed in to the one before, and what diagnostics saw there. */
export class ProfileChoice {
  readonly #parts: ProfileChoiceParts;
  #last: Promise<void> | undefined;

  constructor(parts: ProfileChoiceParts) {
    this.#parts = parts;
  }

  /** Selects a profile, after those that were chosen before it: the last choice holds, also where one waits for a sign-out. Throws `request.not-found`. */
  async select(id: ProfileId): Promise<void> {
    const before = this.#last;
    const turn = (async () => {
      // Whoever made the choice before is told what became of it.
      await before?.catch(() => undefined);
      await this.#select(id);
    })();
    this.#last = turn;
    try {
      await turn;
    } finally {
      if (this.#last === turn) this.#last = undefined;
    }
  }

  /** Selects a profile unless it is the one that will be selected anyway. */
  async ensure(id: ProfileId): Promise<void> {
    if (this.#last !== undefined || this.#parts.profiles.selected?.id !== id) await this.select(id);
  }

  async #select(id: ProfileId): Promise<void> {
    const { profiles, account, diagnostics } = this.#parts;
    if (profiles.selected?.id !== id) {
      await account.signOut();
      diagnostics.forget();
    }
    await profiles.select(id);
  }
}
