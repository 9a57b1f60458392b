import { SIGN_IN_CONTEXT, signInRoutes, type SignInResult } from '../../shared/api/sign-in.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ProfileId } from '../../shared/ids.ts';
import type { Profile, ShownError } from '../../shared/ipc/stores.ts';
import { shown } from '../ipc/shown-error.ts';
import type { Log } from '../logging/log.ts';
import type { Profiles } from '../profiles/profiles.ts';
import type { ServiceClient } from '../service-client/service-client.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import type { ClientKey } from './client-key.ts';

/** Longest delay that a timer of the runtime takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A sign-in that holds: the profile's service, to ask in the user's name. */
export interface SignedIn {
  readonly profile: Profile;
  readonly client: ServiceClient;
  readonly userName: string;
}

export interface AccountParts {
  readonly store: OwnedStore<'account'>;
  readonly profiles: Pick<Profiles, 'selected' | 'find' | 'rememberUserName'>;
  readonly clientKey: ClientKey;
  readonly connect: (profile: Profile) => ServiceClient;
  /** Called with the sign-in that holds now, or undefined when it has ended. */
  readonly onChange: (signedIn: SignedIn | undefined) => void;
  readonly clock: () => number;
  readonly log: Log;
}

/**
 * Who is signed in to the selected profile. The session token stays in memory: it is bound to the key of this launch, so
 * that keeping it, even in the system's secret store, would be of no use to the user and of some to a thief.
 */
export class Account {
  readonly #parts: AccountParts;
  #signedIn: SignedIn | undefined;
  #expiry: NodeJS.Timeout | undefined;
  /** Rises with each sign-in and sign-out, so that an answer that comes late changes nothing. */
  #epoch = 0;

  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  get signedIn(): SignedIn | undefined {
    return this.#signedIn;
  }

  /** Signs in to the service of a profile with a password; throws what the service answered, and leaves it in the store as the reason. */
  async signIn({ profileId, name, password, stayNamed }: { profileId: ProfileId; name: string; password: string; stayNamed: boolean }): Promise<void> {
    const { profiles } = this.#parts;
    await this.#signInBy(profiles.find(profileId), async (client, proof) => client.call(signInRoutes.signIn, { params: {}, query: {}, body: { ...proof, name, password } }));
    await profiles.rememberUserName(profileId, stayNamed ? name : null);
  }

  /** Signs in with the one-time sign-in of the embedded system (rule 27). */
  async signInOneTime(oneTimeSignIn: string): Promise<void> {
    const profile = this.#parts.profiles.selected;
    if (!profile) throw new MavisError('request.not-found');
    await this.#signInBy(profile, async (client, proof) => client.call(signInRoutes.signInOneTime, { params: {}, query: {}, body: { ...proof, oneTimeSignIn } }));
  }

  /** Ends the token at the service, and here in any case; a sign-in that is on its way is given up. Sessions that run go on. */
  async signOut(): Promise<void> {
    const ended = this.#end(null);
    if (ended) await this.#revoke(ended.client);
  }

  /** The service no longer takes the token: signed out here, with the reason for the page. Without a sign-in that holds it is late, and means nothing. */
  lose(error: MavisError): void {
    if (this.#signedIn) this.#end(shown(error))?.client.close();
  }

  /** Changes the password; throws what the service answered. Where it had to be changed first, all that was refused until then begins now. */
  async changePassword(change: { current: string; next: string }): Promise<void> {
    const { store, onChange } = this.#parts;
    const signedIn = this.require();
    await signedIn.client.call(signInRoutes.changePassword, { params: {}, query: {}, body: change });
    const { state } = store;
    if (this.#signedIn !== signedIn || state.status !== 'signed-in' || !state.user.mustChangePassword) return;
    store.replace({ ...state, user: { ...state.user, mustChangePassword: false } });
    onChange(signedIn);
  }

  /** The sign-in that holds; throws `sign-in.required` where there is none. */
  require(): SignedIn {
    if (!this.#signedIn) throw new MavisError('sign-in.required');
    return this.#signedIn;
  }

  async #signInBy(profile: Profile, ask: (client: ServiceClient, proof: { nonce: string; clientKey: string; signature: string }) => Promise<SignInResult>): Promise<void> {
    const { connect, store } = this.#parts;
    if (this.#signedIn) await this.signOut();
    const epoch = ++this.#epoch;
    store.replace({ status: 'signing-in' });
    const client = connect(profile);
    try {
      const askedAt = this.#parts.clock();
      const { nonce, serverTime } = await client.call(signInRoutes.signInChallenge, { params: {}, query: {}, body: {} });
      const { publicKey: clientKey } = this.#parts.clientKey;
      const result = await ask(client, { nonce, clientKey, signature: this.#parts.clientKey.sign(`${SIGN_IN_CONTEXT}\n${nonce}\n${clientKey}`) });
      if (epoch === this.#epoch) {
        // By the service's clock: this computer's may be hours off.
        const lifeMs = Date.parse(result.expiresAt) - Date.parse(serverTime) - (this.#parts.clock() - askedAt);
        this.#begin(profile, client, result, lifeMs);
        return;
      }
      // Nobody waits for it any more, and what nobody holds nobody could end.
      client.setToken(result.token);
      await this.#revoke(client);
    } catch (thrown) {
      client.close();
      const error = asMavisError(thrown);
      if (epoch === this.#epoch) store.replace({ status: 'signed-out', reason: shown(error) });
      throw error;
    }
  }

  /** Ends a client's token at its service, and the client. */
  async #revoke(client: ServiceClient): Promise<void> {
    try {
      await client.call(signInRoutes.signOut, { params: {}, query: {}, body: {} }, { timeoutMs: 3000 });
    } catch (error) {
      this.#parts.log.warn('sign-out not told to the service', { code: asMavisError(error).code }, error);
    } finally {
      client.close();
    }
  }

  #begin(profile: Profile, client: ServiceClient, { token, expiresAt, user }: SignInResult, lifeMs: number): void {
    client.setToken(token);
    this.#signedIn = { profile, client, userName: user.name };
    this.#parts.store.replace({ status: 'signed-in', user, expiresAt });
    this.#parts.log.info('signed in', { profileId: profile.id });
    this.#expiry = setTimeout(() => this.lose(new MavisError('sign-in.required')), Math.min(Math.max(lifeMs, 0), MAX_TIMER_MS));
    this.#expiry.unref();
    this.#parts.onChange(this.#signedIn);
  }

  #end(reason: ShownError | null): SignedIn | undefined {
    const ended = this.#signedIn;
    this.#epoch += 1;
    clearTimeout(this.#expiry);
    this.#expiry = undefined;
    this.#signedIn = undefined;
    // What the page shows ends in any case: a sign-in that is given up would stand there as one that goes on.
    this.#parts.store.replace({ status: 'signed-out', reason });
    if (ended) {
      this.#parts.log.info('signed out', { profileId: ended.profile.id, code: reason?.code });
      this.#parts.onChange(undefined);
    }
    return ended;
  }
}
