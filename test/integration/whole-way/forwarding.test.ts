import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessRulesRoutes } from '../../../shared/api/access-rules.ts';
import { auditRoutes, type AuditEntry } from '../../../shared/api/audit.ts';
import { credentialsRoutes } from '../../../shared/api/credentials.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { usersRoutes } from '../../../shared/api/users.ts';
import type { ResourceId, UserId } from '../../../shared/ids.ts';
import type { ForwardingState } from '../../../shared/ipc/stores.ts';
import { makeForwardingOffer, type ForwardingOffer } from '../../../src-main/sessions/forwarding/forwarding-offer.ts';
import { HeadlessClient, type HeadlessSession } from '../../fixtures/headless-client.ts';
import { startUserSshAgent, type UserSshAgent } from '../../fixtures/user-ssh-agent.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';
import { startXServer, type XServer } from '../../fixtures/x-server.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

/**
 * Agent and X11 forwarding over the whole way: the user's real ssh-agent and X server, the client's own parts, service, gateway
 * and OpenSSH as real processes.
 */

const PASSWORD = 'several unrelated words';

let system: WholeSystem;
let target: OpenSshTarget;
/** Lets in nobody but the key that is in the user's agent. */
let second: OpenSshTarget;
let agent: UserSshAgent;
let display: XServer;
let client: HeadlessClient;
let open: ResourceId;
let closed: ResourceId;

beforeAll(async () => {
  [system, target, second, agent, display] = await Promise.all([startWholeSystem(), startOpenSshTarget({ extraLines: ['AllowAgentForwarding yes', 'X11Forwarding yes'] }), startOpenSshTarget({ signOn: ['publickey'] }), startUserSshAgent(), startXServer()]);
  await agent.add(second.privateKeyFile);
  const { user: { id: tester } } = await system.admin.call(usersRoutes.userCreate, { body: { name: 'tester', displayName: 'tester', role: 'user', password: PASSWORD } });
  client = new HeadlessClient(system.embedded.service);
  await client.signIn('tester', PASSWORD);
  [open, closed] = await Promise.all([makeResource('forwards'), makeResource('forwards-nothing')]);
  await makeRule(tester, 'forwards', { agentForwarding: true, x11Forwarding: true });
  await makeRule(tester, 'forwards-nothing', {});
}, 300_000);
afterAll(async () => {
  client.close();
  await Promise.all([system.stop(), target.stop(), second.stop(), agent.stop(), display.stop()]);
});

async function makeResource(tag: string): Promise<ResourceId> {
  const name = `${tag}-${randomUUID().slice(0, 8)}`;
  const { id: credentialId } = await system.admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'private-key', name, userName: target.user, privateKey: target.privateKey } });
  const { id } = await system.admin.call(resourcesRoutes.resourceCreate, { body: { name, address: target.host, protocols: [{ protocol: 'ssh', port: target.port }], operatingSystem: 'linux', tags: [tag], credentialId, identities: [target.hostKeyFingerprint], allowSpecialAddress: true } });
  return id;
}

async function makeRule(tester: UserId, tag: string, policy: object): Promise<void> {
  await system.admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: tag, subject: { kind: 'user', userId: tester }, filter: `tag:${tag}`, protocols: ['ssh'], policy } });
}

/** What the app would offer with these settings on this machine. */
function offering(policy: { agentForwarding: boolean; x11Forwarding: boolean }, forwardX11: 'off' | 'restricted' | 'full' = 'off', environment: Record<string, string> = {}): Promise<ForwardingOffer> {
  return makeForwardingOffer({ policy, settings: { forwardAgent: true, forwardX11 }, environment: { SSH_AUTH_SOCK: agent.socketPath, DISPLAY: display.display, XAUTHORITY: display.authorityFile, ...environment }, platform: 'linux', homeFolder: '/nowhere', hostName: hostname() });
}

async function session(resource: ResourceId, forwardX11: 'off' | 'restricted' | 'full' = 'off', environment: Record<string, string> = {}): Promise<{ one: HeadlessSession; reference: string }> {
  const offer = await client.ask(resource, 'ssh');
  const one = client.open(offer, await offering(offer.policy, forwardX11, environment));
  await one.report('connected');
  return { one, reference: offer.reference };
}

/** Types a command and gives what it printed; the marks are put together by the shell, so that their echo is not taken for them. */
async function run(one: HeadlessSession, command: string): Promise<string> {
  const mark = randomUUID().slice(0, 8);
  one.type(`echo be''gin-${mark}; ${command}; echo en''d-${mark}\n`);
  await one.until(({ text }) => text.includes(`end-${mark}`));
  return one.text.split(`begin-${mark}`).at(-1)?.split(`end-${mark}`)[0] ?? '';
}

function lastState(one: HeadlessSession, what: 'agent' | 'x11'): ForwardingState | undefined {
  return one.reports.flatMap(({ report }) => (report.kind === 'forwarding' && report.what === what ? [report.state] : [])).at(-1);
}

async function end(one: HeadlessSession): Promise<void> {
  one.type('exit\n');
  await one.report('ended');
}

async function audited(reference: string): Promise<AuditEntry[]> {
  const all = async (): Promise<AuditEntry[]> => (await system.admin.call(auditRoutes.auditList, { query: { reference, limit: 100 } })).items;
  await expect.poll(async () => (await all()).map(({ kind }) => kind), { timeout: 60_000 }).toContain('connection.ended');
  return await all();
}

describe('the user\'s agent', () => {
  test('rule 21: reaches the target where the rule allows it, signs the user on to a second server, and every use is counted and audited', async () => {
    const { one, reference } = await session(open);
    expect(await run(one, 'ssh-add -l')).toContain((await agent.list()).trim());
    const hop = `ssh -p ${second.port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentityFile=none ${second.user}@127.0.0.1 'echo second-$((40+2))'`;
    expect(await run(one, hop)).toContain('second-42');
    await one.until(() => {
      const state = lastState(one, 'agent');
      return state?.status === 'on' && state.openings === 2 && state.signatures === 1;
    });
    expect(lastState(one, 'x11')).toBeUndefined();
    await end(one);
    const entries = await audited(reference);
    expect(entries.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['connection.agent-forwarded', 'connection.agent-used']));
    const final = entries.find(({ kind }) => kind === 'connection.ended');
    expect(final?.facts).toMatchObject({ agentOpenings: 2, agentSignatures: 1 });
    expect(Number(final?.facts['agentBytesToTarget'])).toBeGreaterThan(100);
    expect(final?.facts).not.toHaveProperty('x11Openings');
  });

  test('B4: a target can list and sign, and not take keys away, add any, or lock the agent', async () => {
    const { one } = await session(open);
    const before = await agent.list();
    expect(await run(one, 'ssh-add -D')).toMatch(/fail|refused/i);
    expect(await run(one, 'printf "x\\nx\\n" | SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force ssh-add -x')).toMatch(/fail|refused/i);
    expect(await run(one, 'ssh-keygen -q -t ed25519 -N "" -f /tmp/k-$$ && ssh-add -q /tmp/k-$$; rm -f /tmp/k-$$*')).toMatch(/fail|refused|could not add/i);
    expect(await run(one, 'SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force ssh-add -s /usr/lib/x86_64-linux-gnu/libc.so.6')).toMatch(/fail|refused|could not/i);
    expect(await agent.list()).toBe(before);
    expect(await run(one, 'ssh-add -l')).toContain(before.trim());
    await end(one);
  });

  test('is not offered where the rule does not allow it, whatever the settings say', async () => {
    const { one, reference } = await session(closed, 'full');
    expect(await run(one, 'ssh-add -l; echo "<$SSH_AUTH_SOCK$DISPLAY>"')).toContain('<>');
    expect(lastState(one, 'agent')).toBeUndefined();
    await end(one);
    const kinds = (await audited(reference)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind.includes('agent') || kind.includes('x11'))).toEqual([]);
  });

  test('that is not there is told, and the session goes on without', async () => {
    const { one } = await session(open, 'off', { SSH_AUTH_SOCK: '/nowhere/agent' });
    expect(lastState(one, 'agent')).toEqual({ status: 'failed', code: 'forwarding.agent-missing' });
    expect(await run(one, 'echo "<$SSH_AUTH_SOCK>"')).toContain('<>');
    await end(one);
  });

  test('that hangs while it is asked holds up neither the terminal nor the end', async () => {
    const hanging = await startUserSshAgent();
    try {
      const { one } = await session(open, 'off', { SSH_AUTH_SOCK: hanging.socketPath });
      hanging.freeze();
      one.type('ssh-add -l &\n');
      await one.until(() => {
        const state = lastState(one, 'agent');
        return state?.status === 'on' && state.openings === 1;
      });
      expect(await run(one, 'echo still-$((1+1))')).toContain('still-2');
      one.end();
      expect(await one.report('ended')).toMatchObject({ code: 'session.closed-by-user' });
    } finally {
      await hanging.stop();
    }
  });
});

describe('the user\'s X server', () => {
  test('rule 21: shows programs of the target where the rule allows it; its own secret never leaves the user\'s machine', async () => {
    const { one, reference } = await session(open, 'full');
    expect(await run(one, 'xdpyinfo | grep dimensions')).toContain('640x480 pixels');
    const listed = await run(one, 'xauth list "$DISPLAY"');
    expect(listed).toMatch(/MIT-MAGIC-COOKIE-1\s+[0-9a-f]{32}/);
    expect(listed).not.toContain(display.cookie);
    // Who is let to the whole display writes to windows that are not its own.
    expect(await run(one, 'xprop -root -f CANARY 8s -set CANARY seen-by-all && xprop -root CANARY')).toContain('"seen-by-all"');
    await one.until(() => {
      const state = lastState(one, 'x11');
      return state?.status === 'on' && state.openings === 3;
    });
    await end(one);
    const entries = await audited(reference);
    expect(entries.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['connection.x11-forwarded', 'connection.x11-opened']));
    expect(entries.find(({ kind }) => kind === 'connection.ended')?.facts).toMatchObject({ x11Openings: 3 });
  });

  test('restricted: a program of the target draws, and is refused what belongs to the user\'s other windows', async () => {
    const { one } = await session(open, 'restricted');
    const asked = await run(one, 'xdpyinfo | grep dimensions; xprop -root -f CANARY 8s -set CANARY seen-by-all && xprop -root CANARY');
    expect(asked).toContain('640x480 pixels');
    expect(asked).not.toContain('"seen-by-all"');
    await end(one);
  });

  test('B4: a program that shows another secret than the one made up for this session is let to nothing', async () => {
    const { one } = await session(open, 'full');
    const asked = await run(one, 'xauth -f /tmp/wrong-$$ add "$DISPLAY" MIT-MAGIC-COOKIE-1 00112233445566778899aabbccddeeff; XAUTHORITY=/tmp/wrong-$$ timeout 10 xdpyinfo; echo "status $?"; rm -f /tmp/wrong-$$');
    expect(asked).not.toContain('640x480');
    expect(asked).toMatch(/status 1/);
    await end(one);
  });

  test('that is not there is told, and the session goes on without', async () => {
    const { one } = await session(open, 'full', { DISPLAY: '' });
    expect(lastState(one, 'x11')).toEqual({ status: 'failed', code: 'forwarding.display-missing' });
    expect(await run(one, 'echo "<$DISPLAY>"')).toContain('<>');
    await end(one);
  });
});
