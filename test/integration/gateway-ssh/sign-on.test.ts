import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { makeHostKey } from '../../../src-gateway/ssh/ephemeral-host-key.ts';
import { type CodeAsking, startCodeAskingServer, TAKEN } from '../../fixtures/code-asking-server.ts';
import { makeSpool, type TestSpool } from '../../fixtures/recording-spool.ts';
import { runCommand, signOn, type SignOnOptions, startSession } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant, type GrantWishes } from '../../fixtures/target-grant.ts';
import { mayBeRoot } from '../../targets/by-root.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

/** Passwords can be tried by root or by way of sudo only: elsewhere the account's own is not known. */
const withPasswords = mayBeRoot();
let target: OpenSshTarget;
let asking: OpenSshTarget | undefined;
let spool: TestSpool;

beforeAll(async () => {
  target = await startOpenSshTarget(withPasswords ? { signOn: ['publickey', 'password'] } : {});
  if (withPasswords) asking = await startOpenSshTarget({ signOn: ['keyboard-interactive'] });
});
afterAll(async () => {
  await target.stop();
  await asking?.stop();
});
beforeEach(async () => {
  spool = await makeSpool();
});
afterEach(async () => {
  await spool.remove();
});

async function signsOn(server: OpenSshTarget, credential: GrantWishes['credential'], options: SignOnOptions & { policy?: GrantWishes['policy']; identities?: string[]; firstUseTrust?: boolean } = {}): ReturnType<typeof signOn> {
  const { policy = {}, identities = [server.hostKeyFingerprint], firstUseTrust = false, ...rest } = options;
  return await signOn(spool, makeTargetGrant({ host: server.host, port: server.port, identities, firstUseTrust, credential, policy: { exec: true, ...policy } }), rest);
}

/** Signs on with the stored password at a server that asks for a code as well; `answer` is the user's. */
async function signsOnWithCode(how: CodeAsking, policy: NonNullable<GrantWishes['policy']>, answer: string): Promise<{ outcome: string; questions: unknown[]; answers: readonly string[] }> {
  const server = await startCodeAskingServer(how);
  const grant = makeTargetGrant({ host: '127.0.0.1', port: server.port, identities: [server.hostKeyFingerprint], credential: { kind: 'password', userName: TAKEN.userName, password: TAKEN.password }, policy });
  const questions: unknown[] = [];
  const answers = (question: unknown): Promise<string[]> => Promise.resolve((questions.push(question), [answer]));
  try {
    const signedOn = await signOn(spool, grant, { answers });
    signedOn.target.abandon();
    return { outcome: 'signed on', questions, answers: server.answers };
  } catch (error) {
    return { outcome: error instanceof MavisError ? error.code : String(error), questions, answers: server.answers };
  } finally {
    await server.stop();
  }
}

async function whoAmI(signedOn: Awaited<ReturnType<typeof signOn>>): Promise<string> {
  const one = await startSession(signedOn.target);
  const shell = await runCommand(one.client, 'whoami');
  await shell.closed;
  one.client.end();
  await one.ended;
  return shell.output.toString().trim();
}

describe('signing on with a stored credential', () => {
  test('a private key', async () => {
    const signedOn = await signsOn(target, { kind: 'private-key', userName: target.user, privateKey: target.privateKey });
    expect(signedOn.target).toMatchObject({ targetIdentity: target.hostKeyFingerprint, targetEncrypted: true, sshHostKey: expect.stringMatching(/^SHA256:/) });
    expect(signedOn.witness).toMatchObject({ steps: ['checking-identity', 'signing-on', 'signed-on'], credentialsSent: 1, questions: [] });
    expect(await whoAmI(signedOn)).toBe(target.user);
  });

  test('a private key under a passphrase; a wrong passphrase is said before anything is sent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mavis-key-'));
    const file = join(folder, 'key');
    copyFileSync(target.privateKeyFile, file);
    execFileSync('chmod', ['600', file]);
    execFileSync('ssh-keygen', ['-p', '-q', '-P', '', '-N', 'passphrase of the key', '-f', file]);
    const privateKey = readFileSync(file, 'utf8');
    rmSync(folder, { recursive: true });
    expect(await whoAmI(await signsOn(target, { kind: 'private-key', userName: target.user, privateKey, passphrase: 'passphrase of the key' }))).toBe(target.user);
    await expect(signsOn(target, { kind: 'private-key', userName: target.user, privateKey, passphrase: 'another' })).rejects.toMatchObject({ code: 'credential.key-unreadable', witness: { credentialsSent: 0 } });
  });

  test('a key that the target does not know is refused', async () => {
    const { privateKey } = makeHostKey();
    await expect(signsOn(target, { kind: 'private-key', userName: target.user, privateKey })).rejects.toMatchObject({ code: 'target.sign-on-refused', witness: { credentialsSent: 1 } });
  });

  test.runIf(withPasswords)('a password; a wrong one is tried once', async () => {
    expect(await whoAmI(await signsOn(target, { kind: 'password', userName: target.user, password: target.password ?? '' }))).toBe(target.user);
    const before = target.log().match(/Failed password/g)?.length ?? 0;
    await expect(signsOn(target, { kind: 'password', userName: target.user, password: 'canary-wrong-password' })).rejects.toMatchObject({ code: 'target.sign-on-refused', witness: { credentialsSent: 1 } });
    expect((target.log().match(/Failed password/g)?.length ?? 0) - before).toBeLessThanOrEqual(1);
    expect(spool.logLines.join('')).not.toContain('canary');
  });

  test.runIf(withPasswords)('a password where the target asks by keyboard-interactive, without the user', async () => {
    if (asking === undefined) throw new Error('no server');
    const signedOn = await signsOn(asking, { kind: 'password', userName: asking.user, password: asking.password ?? '' });
    expect(signedOn.witness.questions).toEqual([]);
    expect(await whoAmI(signedOn)).toBe(asking.user);
  });

  test.runIf(withPasswords)('a refused password is not shown to the user as a question where the rule does not say so', async () => {
    if (asking === undefined) throw new Error('no server');
    await expect(signsOn(asking, { kind: 'password', userName: asking.user, password: 'wrong' })).rejects.toMatchObject({ code: 'target.sign-on-refused', witness: { questions: [] } });
  });
});

describe.each(['after-password', 'in-one-conversation'] as const)('a stored password, and a target that asks for a code too, %s', (how) => {
  const question = { kind: 'keyboard-interactive', name: 'Second factor', instruction: 'Once a minute', prompts: [{ prompt: 'Code of your device: ', echo: false }] };

  test('where the rule lets questions through the user is asked for the code alone, and the answer signs on', async () => {
    expect(await signsOnWithCode(how, { promptsReachUser: true }, TAKEN.code)).toEqual({ outcome: 'signed on', questions: [question], answers: [TAKEN.password, TAKEN.code] });
  });

  test('a wrong code is refused, and the password is not tried again', async () => {
    expect(await signsOnWithCode(how, { promptsReachUser: true }, '000000')).toEqual({ outcome: 'target.sign-on-refused', questions: [question], answers: [TAKEN.password, '000000'] });
  });

  test('where the rule does not, the sign-on is refused and nobody is asked', async () => {
    expect(await signsOnWithCode(how, { promptsReachUser: false }, TAKEN.code)).toEqual({ outcome: 'target.sign-on-refused', questions: [], answers: [TAKEN.password] });
  });
});

describe('signing on with the user\'s own', () => {
  test.runIf(withPasswords)('asks for name and password, and trusts the first key where the rule says so', async () => {
    const answers = (): Promise<string[]> => Promise.resolve([target.user, target.password ?? '']);
    const signedOn = await signsOn(target, { kind: 'ask-user' }, { answers, identities: [], firstUseTrust: true });
    expect(signedOn.witness.questions).toMatchObject([{ kind: 'user-name-and-password', prompts: [{ echo: true }, { echo: false }] }]);
    expect(await whoAmI(signedOn)).toBe(target.user);
  });

  test('is not asked where the target is not known and the rule does not trust the first key', async () => {
    await expect(signsOn(target, { kind: 'ask-user' }, { identities: [] })).rejects.toMatchObject({ code: 'target.identity-unknown', witness: { questions: [], credentialsSent: 0 } });
  });

  test('a user who leaves ends it without a try', async () => {
    const answers = (): Promise<string[]> => Promise.reject(new MavisError('target.sign-on-cancelled'));
    await expect(signsOn(target, { kind: 'ask-user', userName: target.user }, { answers })).rejects.toMatchObject({ code: 'target.sign-on-cancelled', witness: { credentialsSent: 0 } });
  });

  test('an abort while the user thinks ends it', async () => {
    const abort = new AbortController();
    const answers = (): Promise<string[]> => {
      abort.abort(new MavisError('connect.cancelled'));
      return new Promise(() => undefined);
    };
    await expect(signsOn(target, { kind: 'ask-user', userName: target.user }, { answers, signal: abort.signal })).rejects.toMatchObject({ code: 'connect.cancelled' });
  });
});

test('A24: a target whose host key was changed is blocked until it is back', async () => {
  const own = await startOpenSshTarget();
  const credential = { kind: 'private-key', userName: own.user, privateKey: own.privateKey } as const;
  await own.useHostKey('second');
  await expect(signsOn(own, credential)).rejects.toMatchObject({ code: 'target.identity-changed', args: { expected: own.hostKeyFingerprint, seen: own.secondHostKeyFingerprint }, witness: { credentialsSent: 0 } });
  await own.useHostKey('first');
  expect(await whoAmI(await signsOn(own, credential))).toBe(own.user);
  await own.stop();
});
