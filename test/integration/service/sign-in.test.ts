import { randomUUID } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { gatewayId } from '../../../shared/ids.ts';
import { systemClock } from '../../../src-service/clock.ts';
import { SignIn } from '../../../src-service/sign-in/sign-in.ts';
import { gateways, pendingTerminations } from '../../../src-service/store/schema.ts';
import { Accounts } from '../../../src-service/users/accounts.ts';
import { Passwords } from '../../../src-service/users/password.ts';
import { ClientKey, codeOf, SignedInUser, startServiceOn, type Answer, type ServiceUnderTest } from '../../fixtures/service-under-test.ts';

describe.each(['pglite', 'postgresql'] as const)('on %s', (kind) => {
  let offsetMs = 0;
  let service: ServiceUnderTest;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ service, stop } = await startServiceOn(kind, { clock: { now: () => new Date(Date.now() + offsetMs), monotonicMs: () => systemClock.monotonicMs() + offsetMs } }));
  });
  afterAll(() => stop());

  async function tryPassword(name: string, password: string): Promise<Answer> {
    return service.ask({ method: 'POST', path: '/v1/sign-in', body: { name, password, ...(await new ClientKey().proof(service)) } });
  }

  const errorArgs = z.object({ args: z.record(z.string(), z.union([z.string(), z.number()])) });
  const listedUser = z.object({ id: z.string(), name: z.string(), lockedUntil: z.string().nullable() });

  describe('sign-in', () => {
    test('a wrong password and a name that no user has are told alike', async () => {
      const user = await service.newUser('user');
      const [wrong, unknown] = [await tryPassword(user.name, 'wrong-password'), await tryPassword('nobody-here', 'wrong-password')];
      expect([wrong.status, wrong.text]).toEqual([unknown.status, unknown.text]);
      expect(codeOf(wrong)).toBe('sign-in.failed');
    });

    test('five failures lock a name for 15 minutes, the right password included, whether or not it exists; an operator lifts it', async () => {
      const user = await service.newUser('user');
      offsetMs += 60_000;
      for (const name of [user.name, 'nobody-there']) {
        for (let count = 0; count < 5; count += 1) expect(codeOf(await tryPassword(name, 'wrong-password'))).toBe('sign-in.failed');
        const locked = await tryPassword(name, name === user.name ? user.password : 'x');
        expect([locked.status, codeOf(locked)]).toEqual([423, 'sign-in.locked']);
        expect(errorArgs.parse(locked.json).args).toEqual({ minutes: 15 });
      }
      const operator = await service.user('operator');
      const listed = z.object({ items: z.array(listedUser) }).parse((await operator.ask({ path: `/v1/users?search=${user.name}` })).json);
      expect(listed.items[0]?.lockedUntil).not.toBeNull();
      expect((await operator.ask({ method: 'POST', path: `/v1/users/${user.id}/unlock`, body: {} })).status).toBe(200);
      expect((await tryPassword(user.name, user.password)).status).toBe(200);
      const errors = await operator.ask({ path: '/v1/error-log?kind=sign-in.locked' });
      expect(errors.text).toContain(user.name);
      offsetMs += 16 * 60_000;
      expect(codeOf(await tryPassword('nobody-there', 'x'))).toBe('sign-in.failed');
    });

    test('of fifty guesses at once no more than five are judged', async () => {
      const user = await service.newUser('user');
      offsetMs += 120_000;
      const proofs = [];
      for (let count = 0; count < 24; count += 1) proofs.push(await new ClientKey().proof(service));
      const answers = await Promise.all(proofs.map((proof) => service.ask({ method: 'POST', path: '/v1/sign-in', body: { name: user.name, password: 'wrong-password', ...proof } })));
      expect(answers.filter((answer) => codeOf(answer) === 'sign-in.failed')).toHaveLength(5);
    });

    test('a proof without its key, over another nonce, or used before is refused', async () => {
      offsetMs += 120_000;
      const user = await service.newUser('user');
      const key = new ClientKey();
      const proof = await key.proof(service);
      const body = { name: user.name, password: user.password };
      const ask = (more: object): Promise<Answer> => service.ask({ method: 'POST', path: '/v1/sign-in', body: { ...body, ...more } });
      expect(codeOf(await ask({ ...proof, clientKey: new ClientKey().publicKey }))).toBe('request.signature-invalid');
      expect(codeOf(await ask({ ...proof, signature: new ClientKey().sign('something else') }))).toBe('request.signature-invalid');
      const ownNonce = Buffer.alloc(54, 7).toString('base64url');
      expect(codeOf(await ask({ nonce: ownNonce, clientKey: key.publicKey, signature: key.sign(`mavis-sign-in-1\n${ownNonce}\n${key.publicKey}`) }))).toBe('request.signature-invalid');
      expect((await ask(proof)).status).toBe(200);
      expect(codeOf(await ask(proof))).toBe('request.signature-invalid');
      const late = await key.proof(service);
      offsetMs += 121_000;
      expect(codeOf(await ask(late))).toBe('request.signature-invalid');
    });

    test('a sign-in costs the same whether or not a name exists: the work differs by less than a tenth', async () => {
      const passwords = new Passwords();
      const hash = await passwords.hash('the-right-password');
      await passwords.verify(null, 'warm');
      // Processor time, by turns, and the least of each: everything above it is the machine's other work.
      const cost = async (stored: string | null): Promise<number> => {
        const before = process.cpuUsage();
        expect(await passwords.verify(stored, 'a-wrong-password')).toBe(false);
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      };
      const known: number[] = [];
      const unknown: number[] = [];
      const difference = (): number => Math.abs(Math.min(...unknown) / Math.min(...known) - 1);
      // A machine that is busy makes single runs dearer, never cheaper: with more of them the least of each comes to what the work itself costs.
      for (let count = 0; count < 21 || (count < 200 && difference() >= 0.1); count += 1) {
        known.push(await cost(hash));
        unknown.push(await cost(null));
      }
      expect(Math.min(...known)).toBeGreaterThan(5);
      expect(difference()).toBeLessThan(0.1);
    });

    test('rule 27: a one-time sign-in works once and for a minute; the file of the first password goes when the administrator signs in with a password', async () => {
      offsetMs += 120_000;
      const { core } = service.opened;
      const { id } = await core.accounts.byName('admin');
      const oneTimeSignIn = core.oneTimeSignIns.issue(id);
      const ask = async (secret: string): Promise<Answer> => service.ask({ method: 'POST', path: '/v1/sign-in/one-time', body: { oneTimeSignIn: secret, ...(await new ClientKey().proof(service)) } });
      expect((await ask(oneTimeSignIn)).status).toBe(200);
      expect(codeOf(await ask(oneTimeSignIn))).toBe('sign-in.one-time-invalid');
      const late = core.oneTimeSignIns.issue(id);
      offsetMs += 61_000;
      expect(codeOf(await ask(late))).toBe('sign-in.one-time-invalid');
      const file = join(service.folder, 'first-password');
      await writeFile(file, 'x');
      await freshUser();
      await access(file);
      const password = await core.accounts.resetPassword({ kind: 'command-line', id: null, name: 'test' }, 'admin', id);
      await SignedInUser.signIn(service, '/v1/sign-in', { name: 'admin', password });
      await expect(access(file)).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });

  describe('a session token', () => {
    test('is over after sign-out, after an hour without use, and after twelve hours', async () => {
      offsetMs += 120_000;
      const out = await freshUser();
      expect((await out.ask({ method: 'POST', path: '/v1/sign-out', body: {} })).status).toBe(200);
      expect(codeOf(await out.ask({ path: '/v1/me' }))).toBe('sign-in.required');

      const idle = await freshUser();
      const busy = await freshUser();
      offsetMs += 59 * 60_000;
      expect((await busy.ask({ path: '/v1/me' })).status).toBe(200);
      offsetMs += 2 * 60_000;
      expect(codeOf(await idle.ask({ path: '/v1/me' }))).toBe('sign-in.required');
      for (let hours = 0; hours < 12; hours += 0.5) {
        offsetMs += 30 * 60_000;
        await busy.ask({ path: '/v1/me' });
      }
      expect(codeOf(await busy.ask({ path: '/v1/me' }))).toBe('sign-in.required');
    });

    test('is nowhere in the database, only its SHA-256', async () => {
      offsetMs += 120_000;
      const user = await freshUser();
      const { rows } = z.object({ rows: z.array(z.unknown()) }).parse(await service.opened.core.database.execute('SELECT * FROM client_sessions'));
      expect(JSON.stringify(rows)).toContain(user.id);
      expect(JSON.stringify(rows)).not.toContain(user.token);
    });

    test.each(['', 'Bearer', 'Bearer x', `Bearer ${'a'.repeat(43)}`, `Basic ${'a'.repeat(43)}`, `Bearer ${'a'.repeat(5_000)}`])('that is not one is refused: %#', async (authorization) => {
      expect(codeOf(await service.ask({ path: '/v1/me', headers: { authorization } }))).toBe('sign-in.required');
    });
  });

  /** The administrator's own session may be over by the clock of the tests before. */
  async function administrator(): Promise<SignedInUser> {
    const { core } = service.opened;
    const { id } = await core.accounts.byName('admin');
    return SignedInUser.signIn(service, '/v1/sign-in/one-time', { oneTimeSignIn: core.oneTimeSignIns.issue(id) });
  }

  async function freshUser(role: 'user' | 'vendor' | 'operator' | 'auditor' | 'admin' = 'user', expiresAt: string | null = null): Promise<SignedInUser> {
    const admin = await administrator();
    const name = `fresh-${String(Math.random()).slice(2)}`;
    const password = 'a-good-password-1';
    const made = await admin.ask({ method: 'POST', path: '/v1/users', body: { name, displayName: name, role, password, expiresAt } });
    expect(made.status).toBe(200);
    return SignedInUser.signIn(service, '/v1/sign-in', { name, password });
  }

  describe('accounts', () => {
    test('a one-time password must be changed before anything else, and changing it signs out the other sessions', async () => {
      offsetMs += 120_000;
      const admin = await administrator();
      const made = z.object({ user: z.object({ id: z.string() }), oneTimePassword: z.string() }).parse((await admin.ask({ method: 'POST', path: '/v1/users', body: { name: 'newcomer', displayName: 'N', role: 'user' } })).json);
      const first = await SignedInUser.signIn(service, '/v1/sign-in', { name: 'newcomer', password: made.oneTimePassword });
      const second = await SignedInUser.signIn(service, '/v1/sign-in', { name: 'NEWCOMER', password: made.oneTimePassword });
      expect(codeOf(await first.ask({ path: '/v1/resources' }))).toBe('sign-in.password-must-change');
      expect(codeOf(await first.ask({ method: 'POST', path: '/v1/me/password', body: { current: 'wrong-password', next: 'another-password' } }))).toBe('password.wrong');
      expect((await first.ask({ method: 'POST', path: '/v1/me/password', body: { current: made.oneTimePassword, next: 'another-password' } })).status).toBe(200);
      expect((await first.ask({ path: '/v1/resources' })).status).toBe(200);
      expect(codeOf(await second.ask({ path: '/v1/me' }))).toBe('sign-in.required');
    });

    test('a password that is reset while it is being verified opens nothing, and cannot be changed any more', async () => {
      offsetMs += 120_000;
      const { core } = service.opened;
      const user = await freshUser();
      const { id } = await core.accounts.byName(user.name);
      const administratorActor = { kind: 'user', id: null, name: 'admin' } as const;
      const resetMeanwhile = {
        hash: (password: string) => core.passwords.hash(password),
        verify: async (stored: string | null, password: string) => {
          const right = await core.passwords.verify(stored, password);
          await core.accounts.resetPassword(administratorActor, 'admin', id);
          return right;
        },
      };
      const signIn = new SignIn({ ...core, passwords: resetMeanwhile, sessions: core.clientSessions, signedInWithPassword: async () => undefined });
      await expect(signIn.withPassword({ name: user.name, password: 'a-good-password-1' }, await new ClientKey().proof(service), '127.0.0.1')).rejects.toMatchObject({ code: 'sign-in.failed' });
      const oneTime = await core.accounts.resetPassword(administratorActor, 'admin', id);
      const accounts = new Accounts({ ...core, passwords: resetMeanwhile, sessions: core.clientSessions, revoked: core.userRevoked });
      await expect(accounts.changeOwnPassword({ kind: 'user', id, name: user.name }, id, 'none', oneTime, 'a-thief-s-own-password')).rejects.toMatchObject({ code: 'password.wrong' });
      expect(codeOf(await tryPassword(user.name, 'a-thief-s-own-password'))).toBe('sign-in.failed');
    });

    test('disabling ends tokens at once, tells who must end sessions, and is told to who knows the password only', async () => {
      offsetMs += 120_000;
      const user = await freshUser();
      const revoked: string[] = [];
      const unsubscribe = service.opened.core.userRevoked.subscribe(({ userId, code }) => void revoked.push(`${userId} ${code}`));
      const admin = await administrator();
      expect((await admin.ask({ method: 'POST', path: `/v1/users/${user.id}/disable`, body: {} })).status).toBe(200);
      unsubscribe();
      expect(codeOf(await user.ask({ path: '/v1/me' }))).toBe('sign-in.disabled');
      expect(revoked).toEqual([`${user.id} session.user-disabled`]);
      expect(codeOf(await tryPassword(user.name, 'wrong-password'))).toBe('sign-in.failed');
      expect(codeOf(await tryPassword(user.name, user.password))).toBe('sign-in.disabled');
      const audit = await admin.ask({ path: '/v1/audit?kind=user.disabled' });
      expect(audit.text).toContain(user.id);
    });

    test('rule 11: an end that a gateway has not heard of does not outlive the letting in again, be it by enabling or by a later expiry', async () => {
      offsetMs += 120_000;
      const { database } = service.opened.core;
      const now = new Date(Date.now() + offsetMs);
      const away = gatewayId.parse(randomUUID());
      await database.insert(gateways).values({ id: away, name: `away-${away}`, host: '192.0.2.1', linkPort: 443, proxyPorts: [7993], portPreference: { ssh: [[7993]], sftp: [[7993]], vnc: [[7993]], rdp: [[7993]] }, tlsKey: 'a key', createdAt: now, updatedAt: now, stateChangedAt: now });
      const pending = async (id: string) => (await database.select().from(pendingTerminations).where(and(eq(pendingTerminations.targetId, id), eq(pendingTerminations.gatewayId, away)))).map(({ targetKind }) => targetKind);
      const admin = await administrator();
      const [user, vendor] = [await freshUser(), await freshUser('vendor', new Date(now.getTime() + 600_000).toISOString())];
      expect((await admin.ask({ method: 'POST', path: `/v1/users/${user.id}/disable`, body: {} })).status).toBe(200);
      expect(await pending(user.id)).toEqual(['user']);
      expect((await admin.ask({ method: 'POST', path: `/v1/users/${user.id}/enable`, body: {} })).status).toBe(200);
      expect(await pending(user.id)).toEqual([]);
      offsetMs += 601_000;
      await service.opened.core.accounts.expire();
      expect(await pending(vendor.id)).toEqual(['user']);
      const later = { expiresAt: new Date(Date.now() + offsetMs + 30 * 86_400_000).toISOString() };
      expect((await (await administrator()).ask({ method: 'PATCH', path: `/v1/users/${vendor.id}`, body: later })).status).toBe(200);
      expect(await pending(vendor.id)).toEqual([]);
      await database.update(gateways).set({ removedAt: now }).where(eq(gateways.id, away));
    });

    test('a vendor needs an expiry; when it comes, tokens end and sign-in says so', async () => {
      offsetMs += 120_000;
      const admin = await administrator();
      const without = await admin.ask({ method: 'POST', path: '/v1/users', body: { name: 'vendor-1', displayName: 'V', role: 'vendor', password: 'a-good-password-1' } });
      expect([codeOf(without), errorArgs.parse(without.json).args]).toEqual(['request.invalid', { field: 'expiresAt' }]);
      const vendor = await freshUser('vendor', new Date(Date.now() + offsetMs + 600_000).toISOString());
      // From before the moment on: the service itself looks every few seconds too.
      const revoked = new Promise<string>((resolve) => {
        const unsubscribe = service.opened.core.userRevoked.subscribe(({ userId }) => {
          unsubscribe();
          resolve(userId);
        });
      });
      offsetMs += 601_000;
      expect(codeOf(await vendor.ask({ path: '/v1/me' }))).toBe('sign-in.expired');
      await service.opened.core.accounts.expire();
      expect(await revoked).toBe(vendor.id);
      expect(await service.opened.core.accounts.expire()).toBe(0);
      expect(codeOf(await tryPassword(vendor.name, vendor.password))).toBe('sign-in.expired');
    });

    test('nobody can disable, demote or let expire the last administrator, nor two administrators each other at once', async () => {
      offsetMs += 120_000;
      const admin = await administrator();
      for (const asking of [{ method: 'POST', path: `/v1/users/${admin.id}/disable`, body: {} }, { method: 'PATCH', path: `/v1/users/${admin.id}`, body: { role: 'user' } }, { method: 'PATCH', path: `/v1/users/${admin.id}`, body: { expiresAt: '2099-01-01T00:00:00.000Z' } }]) {
        const answer = await admin.ask(asking);
        expect([codeOf(answer), errorArgs.parse(answer.json).args]).toEqual(['request.conflict', { what: 'last-admin' }]);
      }
      const second = await freshUser('admin');
      const both = await Promise.all([admin.ask({ method: 'POST', path: `/v1/users/${second.id}/disable`, body: {} }), second.ask({ method: 'POST', path: `/v1/users/${admin.id}/disable`, body: {} })]);
      expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
      await service.opened.core.database.execute("UPDATE users SET disabled_at = NULL WHERE role = 'admin'");
    });

    test('an operator may not disable, unlock, sign out or reset an administrator, nor reset whoever has more to see than users', async () => {
      offsetMs += 120_000;
      const [operator, admin, auditor, user] = [await freshUser('operator'), await freshUser('admin'), await freshUser('auditor'), await freshUser()];
      const post = async (id: string, what: string): Promise<number> => (await operator.ask({ method: 'POST', path: `/v1/users/${id}/${what}`, body: {} })).status;
      expect([await post(admin.id, 'disable'), await post(admin.id, 'reset-password'), await post(admin.id, 'revoke-tokens'), await post(admin.id, 'unlock'), await post(auditor.id, 'reset-password'), await post(operator.id, 'reset-password')]).toEqual([403, 403, 403, 403, 403, 403]);
      expect([await post(user.id, 'reset-password'), await post(user.id, 'revoke-tokens'), await post(user.id, 'disable')]).toEqual([200, 200, 200]);
    });
  });
});
