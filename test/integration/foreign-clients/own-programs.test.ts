import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessRulesRoutes } from '../../../shared/api/access-rules.ts';
import { auditRoutes, type AuditEntry } from '../../../shared/api/audit.ts';
import { connectionsRoutes } from '../../../shared/api/connections.ts';
import { credentialsRoutes } from '../../../shared/api/credentials.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import type { AccessRuleId, Protocol, ResourceId } from '../../../shared/ids.ts';
import { foreignClientId, type ForeignCommand } from '../../../shared/ipc/stores.ts';
import { fileOperation, fileOperationLine } from '../../../shared/recording/file-operation.ts';
import { decodeJsonPayload, frameKind, type RecordingFrame } from '../../../shared/recording/recording-frame.ts';
import { vncPasswordFile } from '../../../scripts/embedded-system/xvnc.ts';
import { vncAuthAnswer } from '../../../src-gateway/vnc/vnc-password.ts';
import { viewerDesktop } from '../../../src-main/sessions/viewer/viewer-desktop.ts';
import type { ForeignSessionTraces } from '../../fixtures/foreign-session-traces.ts';
import { type ForeignPrograms, startForeignPrograms } from '../../fixtures/foreign-programs.ts';
import { freePort } from '../../fixtures/free-ports.ts';
import { OwnPrograms } from '../../fixtures/own-programs.ts';
import { RfbClient } from '../../fixtures/rfb-client.ts';
import { type ProgramEnd, runProgram } from '../../fixtures/run-program.ts';
import { socketPair } from '../../fixtures/ssh-session.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';
import { startVncTarget, type VncTarget } from '../../targets/vnc-target.ts';

/** Programs that no one here wrote, through the app's own parts, service, gateway and OpenSSH as real processes. */

const MAVIS = join(import.meta.dirname, '../../fixtures/mavis-command.ts');

let own: OwnPrograms;
let target: OpenSshTarget;
const remote: string[] = [];
let programs: ForeignPrograms;
let traces: ForeignSessionTraces;
let open: ResourceId;

beforeAll(async () => {
  [own, target] = await Promise.all([OwnPrograms.start(), startOpenSshTarget({ extraLines: ['AllowTcpForwarding yes'] })]);
  ({ programs, traces } = own);
  open = await makeResource('lets-in', ['ssh', 'sftp'], { foreignClients: true, exec: true, portForwarding: true });
}, 300_000);
afterAll(async () => {
  for (const path of remote) rmSync(path, { recursive: true, force: true, maxRetries: 10 });
  await Promise.all([own.stop(), target.stop()]);
});

async function makeResource(tag: string, protocols: readonly Protocol[], policy: object): Promise<ResourceId> {
  return (await makeRuled(tag, policy, protocols)).resource;
}

async function makeRuled(tag: string, policy: object, protocols: readonly Protocol[] = ['ssh', 'sftp']): Promise<{ readonly resource: ResourceId; readonly rule: AccessRuleId; readonly change: (rule: AccessRuleId, policy: object) => Promise<void> }> {
  const name = `${tag}-${randomUUID().slice(0, 8)}`;
  const { id: credentialId } = await own.system.admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'private-key', name, userName: target.user, privateKey: target.privateKey } });
  const { id } = await own.system.admin.call(resourcesRoutes.resourceCreate, { body: { name, address: target.host, protocols: protocols.map((protocol) => ({ protocol, port: target.port })), operatingSystem: 'linux', tags: [tag], credentialId, identities: [target.hostKeyFingerprint], allowSpecialAddress: true } });
  const fields = { name: tag, subject: { kind: 'user', userId: own.tester }, filter: `tag:${tag}`, protocols: [...protocols] } as const;
  const rule = await own.system.admin.call(accessRulesRoutes.accessRuleCreate, { body: { ...fields, protocols: [...protocols], policy } });
  return {
    resource: id,
    rule: rule.id,
    change: async (accessRuleId, next) => {
      await own.system.admin.call(accessRulesRoutes.accessRuleUpdate, { params: { accessRuleId }, body: { ...fields, protocols: [...protocols], policy: next } });
    },
  };
}

/** The words of the command that the app shows for a program, which here have no blanks of their own. */
function wordsOf(id: string, program: string): string[] {
  const text = programs.stores.foreignClients.state.items[id]?.commands.find((one) => one.program === program)?.text ?? '';
  return text.split(' ').slice(1);
}

/** Opens a port and gives the words of the command that is shown for a program. */
async function letIn(resource: ResourceId, program: ForeignCommand['program']): Promise<{ readonly id: string; readonly password: string; readonly words: string[] }> {
  const { foreignClientId: id, password } = await programs.clients.open(resource, 'ssh');
  return { id, password: told(password), words: wordsOf(id, program) };
}

/** A one-time password that is told, which those in files are not. */
function told(password: string | null): string {
  if (password === null) throw new Error('the password was not told');
  return password;
}

/** Opens a port and runs the very command that is shown, with more words behind it. */
async function runShown(resource: ResourceId, more: readonly string[], input?: string): Promise<ProgramEnd & { readonly id: string; readonly password: string }> {
  const { id, password, words } = await letIn(resource, 'ssh');
  const end = await runProgram('ssh', [...words, ...more], { password, ...(input === undefined ? {} : { input }) });
  await own.over(id);
  return { ...end, id, password };
}

const finalEntry = (resource: ResourceId, protocol?: Protocol): Promise<AuditEntry> => traces.finalEntry(resource, protocol);

/** What a connection's recording shows. */
async function recorded(entry: AuditEntry): Promise<string> {
  return (await traces.recordedFrames(entry)).map(shownFrame).join('\n');
}

/** A frame as a player writes it: what was done with a file as its line, all else as the text that it is. */
function shownFrame({ kind, payload }: RecordingFrame): string {
  return kind === frameKind.fileOperation ? fileOperationLine(decodeJsonPayload(fileOperation, payload)) : Buffer.from(payload).toString('utf8');
}

async function audited(kind: string): Promise<AuditEntry[]> {
  const find = async (): Promise<AuditEntry[]> => (await own.system.admin.call(auditRoutes.auditList, { query: { limit: 100, kind } })).items;
  await expect.poll(async () => (await find()).length, { timeout: 60_000 }).toBeGreaterThan(0);
  return await find();
}

/** A folder of files for one test on each side, removed with the others. */
function folders(): { readonly here: string; readonly there: string } {
  const name = `foreign-${randomUUID().slice(0, 8)}`;
  const here = join(programs.folder, name);
  const there = join(target.home, name);
  for (const path of [here, there]) mkdirSync(path);
  if (process.getuid?.() === 0) chownSync(there, statSync(target.home).uid, statSync(target.home).gid);
  remote.push(there);
  return { here, there };
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a program of the user\'s own', () => {
  test('rule 30: OpenSSH\'s ssh runs a command by the line that is shown, and the audit log says by whose program', async () => {
    const { code, output, errors, id, password } = await runShown(open, ['cat; echo "from $((40+2))"; exit 7'], 'over stdin\n');
    expect({ code, output, errors }).toEqual({ code: 7, output: 'over stdin\nfrom 42\n', errors: '' });
    expect(own.phaseOf(id)).toMatchObject({ status: 'ended', error: null });
    expect((await finalEntry(open)).facts).toMatchObject({ foreignClient: true, code: 'session.ended', exitStatus: 7, protocol: 'ssh' });
    expect((await audited('foreign-client.let-in')).find(({ facts }) => facts['resourceId'] === open)?.facts).toMatchObject({ protocols: ['ssh', 'sftp'] });
    expect(programs.log()).not.toContain(password);
    expect(JSON.stringify(programs.stores.foreignClients.state)).not.toContain(password);
  });

  test('rule 30: a command that ends by a signal without a name in SSH ends the program that ran it, as one without a status', async () => {
    // What OpenSSH's ssh ends with where it was told no status.
    expect(await runShown(open, ['kill -BUS $$'])).toMatchObject({ code: 255, errors: '' });
    const { facts } = await finalEntry(open);
    expect(facts).toMatchObject({ code: 'session.ended', signal: 'SIGSIG@openssh.com' });
    expect(facts).not.toHaveProperty('exitStatus');
    expect(await runShown(open, ['exit 7'])).toMatchObject({ code: 7, errors: '' });
    expect((await finalEntry(open)).facts).toMatchObject({ exitStatus: 7 });
  });

  test('rule 28: scp and sftp -b carry files that compare equal, and each stands in the log, with its hash or its ranges', async () => {
    const { here, there } = folders();
    const bytes = randomBytes(700_001);
    writeFileSync(join(here, 'up.bin'), bytes);
    const scp = await letIn(open, 'scp');
    expect(await runProgram('scp', [...scp.words.slice(0, -2), join(here, 'up.bin'), `mavis@127.0.0.1:${there}/`], scp)).toMatchObject({ code: 0, errors: '' });
    await own.over(scp.id);
    expect(hash(readFileSync(join(there, 'up.bin')))).toBe(hash(bytes));
    const put = await recorded(await finalEntry(open));
    // It overwrites in place and cuts to length after: from such a file's own log nobody can tell what it holds (rule 29).
    expect(put).toContain(`put      ${join(there, 'up.bin')}  ${bytes.length} B  hash: none  ranges 0-${bytes.length}  ok`);
    const sftp = await letIn(open, 'sftp');
    const batch = `get ${there}/up.bin ${here}/down.bin\nput ${here}/up.bin ${there}/again.bin\nrename ${there}/up.bin ${there}/moved.bin\nls ${there}\n`;
    // Its batch mode would ask for no password; the first word of an option counts.
    const end = await runProgram('sftp', ['-o', 'BatchMode=no', '-b', '-', ...sftp.words], { password: sftp.password, input: batch });
    expect(end.output).toContain('moved.bin');
    expect(end.code).toBe(0);
    await own.over(sftp.id);
    expect(hash(readFileSync(join(here, 'down.bin')))).toBe(hash(bytes));
    const final = await finalEntry(open);
    expect(final.facts).toMatchObject({ foreignClient: true, protocol: 'sftp' });
    const log = await recorded(final);
    expect(log).toContain(`put      ${join(there, 'again.bin')}  ${bytes.length} B  sha256:${hash(bytes)}  ok`);
    expect(log).toContain(`get      ${join(there, 'up.bin')}  ${bytes.length} B  sha256:${hash(bytes)}  ok`);
    expect(log).toContain(`${join(there, 'up.bin')}  ->  ${join(there, 'moved.bin')}  ok`);
  });

  test('rule 28: rclone carries a folder up and down over SFTP: it compares equal, and each file stands in the log, with its hash or its ranges', async () => {
    const { here, there } = folders();
    mkdirSync(join(here, 'tree', 'inner'), { recursive: true });
    const files = ['one.bin', 'two words.bin', 'inner/三.bin'].map((name, number) => ({ name, bytes: randomBytes(40_000 * (number + 1)) }));
    for (const { name, bytes } of files) writeFileSync(join(here, 'tree', name), bytes);
    const runRclone = async (from: string, to: string): Promise<string> => {
      const { id, password, words } = await letIn(open, 'ssh');
      const environment = { PATH: process.env['PATH'], HOME: '/nonexistent', RCLONE_CONFIG: '', RCLONE_SFTP_HOST: '127.0.0.1', RCLONE_SFTP_PORT: words[words.indexOf('-p') + 1], RCLONE_SFTP_USER: 'mavis', RCLONE_SFTP_SHELL_TYPE: 'none', RCLONE_SFTP_DISABLE_HASHCHECK: 'true' };
      const { output } = await runProgram('rclone', ['obscure', '-'], { input: password, environment });
      // The one-time password lets one connection in: one thing at a time.
      expect(await runProgram('rclone', ['copy', '--check-first', '--transfers', '1', '--checkers', '1', '--retries', '1', '--low-level-retries', '1', from, to], { environment: { ...environment, RCLONE_SFTP_PASS: output.trim() } })).toMatchObject({ code: 0 });
      await own.over(id);
      return recorded(await finalEntry(open, 'sftp'));
    };
    const put = await runRclone(join(here, 'tree'), `:sftp:${there}/tree`);
    expect((await runProgram('diff', ['-r', join(here, 'tree'), join(there, 'tree')])).output).toBe('');
    const got = await runRclone(`:sftp:${there}/tree`, join(here, 'back'));
    expect((await runProgram('diff', ['-r', join(here, 'tree'), join(here, 'back')])).output).toBe('');
    for (const { name, bytes } of files) {
      expect(put).toMatch(new RegExp(`put +${join(there, 'tree', name)}.*${bytes.length} B  sha256:${hash(bytes)}  ok`));
      // It asks for several parts at once, whose answers may come in any order (rule 29).
      expect(got).toMatch(new RegExp(`get +${join(there, 'tree', name)}.*${bytes.length} B  (sha256:${hash(bytes)}|hash: none  ranges 0-${bytes.length})  ok`));
    }
  });

  test('rule 28: rsync and scp -O run as commands: they compare equal, and command line and exit stand in the log', async () => {
    const { here, there } = folders();
    mkdirSync(join(here, 'tree', 'inner'), { recursive: true });
    for (let number = 0; number < 40; number += 1) writeFileSync(join(here, 'tree', number % 2 === 0 ? '' : 'inner', `file ${number}`), randomBytes(3000 + number));
    const rsync = await letIn(open, 'rsync');
    const shell = programs.stores.foreignClients.state.items[rsync.id]?.commands.find(({ program }) => program === 'rsync')?.text.match(/-e '([^']+)'/)?.[1] ?? '';
    expect(await runProgram('rsync', ['-a', '-e', shell, `${here}/tree/`, `mavis@127.0.0.1:${there}/tree/`], rsync)).toMatchObject({ code: 0, errors: '' });
    await own.over(rsync.id);
    expect((await runProgram('diff', ['-r', join(here, 'tree'), join(there, 'tree')])).output).toBe('');
    expect((await finalEntry(open)).facts).toMatchObject({ exitStatus: 0, code: 'session.ended' });
    const old = await letIn(open, 'scp');
    expect(await runProgram('scp', ['-O', '-r', ...old.words.slice(0, -2), `mavis@127.0.0.1:${there}/tree`, join(here, 'back')], old)).toMatchObject({ code: 0, errors: '' });
    await own.over(old.id);
    expect((await runProgram('diff', ['-r', join(here, 'back'), join(there, 'tree')])).output).toBe('');
    expect(await recorded(await finalEntry(open))).toContain(`scp -r -f ${there}/tree`);
  });

  test('rule 28: where a rule restricts files, commands are refused and the program hears why; SFTP goes on, held to the rule', async () => {
    const { here, there } = folders();
    const strict = await makeResource('strict', ['ssh', 'sftp'], { foreignClients: true, exec: true, filesDelete: false });
    writeFileSync(join(there, 'kept'), 'kept');
    const refused = await runShown(strict, ['id']);
    expect(refused).toMatchObject({ code: 255, output: '' });
    expect(refused.errors).toContain('mavis: session.not-allowed {"what":"exec"}');
    const sftp = await letIn(strict, 'sftp');
    const end = await runProgram('sftp', ['-o', 'BatchMode=no', '-b', '-', ...sftp.words], { password: sftp.password, input: `get ${there}/kept ${here}/kept\n-rm ${there}/kept\n` });
    await own.over(sftp.id);
    expect(readFileSync(join(here, 'kept'), 'utf8')).toBe('kept');
    expect(readFileSync(join(there, 'kept'), 'utf8')).toBe('kept');
    expect(end.errors).toContain('Permission denied');
    expect(await recorded(await finalEntry(strict, 'sftp'))).toContain('files.delete-not-allowed');
  });

  test('where no rule lets own programs in, no port is opened, and the service refuses a connection for one as well', async () => {
    const closed = await makeResource('keeps-out', ['ssh', 'sftp'], { exec: true });
    await expect(programs.clients.open(closed, 'ssh')).rejects.toMatchObject({ code: 'access.foreign-client-not-allowed' });
    expect((await audited('foreign-client.refused')).find(({ facts }) => facts['resourceId'] === closed)?.facts).toMatchObject({ code: 'access.foreign-client-not-allowed' });
    await expect(own.client.service.call(connectionsRoutes.connectionAsk, { params: {}, query: {}, body: { resourceId: closed, protocol: 'ssh', foreignClient: true } })).rejects.toMatchObject({ code: 'access.foreign-client-not-allowed' });
    expect((await finalEntry(closed)).facts).toMatchObject({ code: 'access.foreign-client-not-allowed', foreignClient: true });
  });

  test('rule 11: a session of one ends when its rule does not let own programs in any more, and the program hears it', async () => {
    const { resource, rule, change } = await makeRuled('taken-back', { foreignClients: true, exec: true });
    const { id, password, words } = await letIn(resource, 'ssh');
    const running = runProgram('ssh', [...words, 'sleep 60'], { password });
    await expect.poll(() => Object.values(programs.stores.sessions.state.items).map(({ phase }) => phase.status), { timeout: 30_000 }).toEqual(['connected']);
    await change(rule, { foreignClients: false, exec: true });
    const { code, errors } = await running;
    expect(code).toBe(255);
    expect(errors).toContain('mavis: session.access-changed');
    await own.over(id);
  });
  test('rule 30: OpenSSH\'s ssh forwards ports where the rule allows it: bytes come back equal, and connections that ended make room for others', async () => {
    const echo = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    await once(echo.listen(0, '127.0.0.1'), 'listening');
    const address = echo.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const near = await freePort();
    const done = join(folders().there, 'done');
    try {
      const { id, password, words } = await letIn(open, 'ssh');
      const running = runProgram('ssh', ['-L', `127.0.0.1:${near}:127.0.0.1:${address.port}`, ...words, `until [ -e ${done} ]; do sleep 0.1; done`], { password });
      await expect.poll(() => through(near, randomBytes(1)).then(({ length }) => length, () => 0), { timeout: 30_000 }).toBe(1);
      const sent = randomBytes(1024 * 1024);
      expect((await through(near, sent)).equals(sent)).toBe(true);
      // More of them one after another than may be open at once.
      for (let at = 0; at < MORE_THAN_AT_ONCE; at += 1) expect(await through(near, Buffer.of(at))).toEqual(Buffer.of(at));
      writeFileSync(done, '');
      expect((await running).code).toBe(0);
      await own.over(id);
      await finalEntry(open);
    } finally {
      // Nobody waits for a program that no test waits for.
      writeFileSync(done, '');
      echo.close();
    }
  });
});

/** The app takes 40 channels of a program, the gateway 32 forwards of a session. */
const MORE_THAN_AT_ONCE = 42;

/** What comes back of bytes that are sent through a port, to the end of the connection. */
async function through(port: number, sent: Buffer): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.end(sent);
  return await buffer(socket);
}

/** Runs `mavis` as its user would, in a process of its own. */
function mavis(words: readonly string[], input?: string): Promise<ProgramEnd> {
  return runProgram(process.execPath, [MAVIS, programs.folder, ...words], input === undefined ? {} : { input });
}

describe('the command line', () => {
  test('rule 30: mavis ls, ssh and sftp reach what the app may, without a password, and end as the program does', async () => {
    const { name } = (await own.client.service.call(resourcesRoutes.resourceList, { params: {}, query: { filter: 'tag:lets-in', limit: 1 }, body: {} })).items[0] ?? { name: '' };
    expect(await mavis(['ls', 'tag:lets-in'])).toEqual({ code: 0, output: `${name}\tssh,sftp\t127.0.0.1\n`, errors: '' });
    expect(await mavis(['ssh', name, 'cat; exit 5'], 'typed\n')).toEqual({ code: 5, output: 'typed\n', errors: '' });
    expect((await finalEntry(open)).facts).toMatchObject({ foreignClient: true, exitStatus: 5 });
    const { here, there } = folders();
    writeFileSync(join(there, 'one'), 'there');
    writeFileSync(join(here, 'batch'), `get ${there}/one ${here}/one\n`);
    expect(await mavis(['sftp', name, '-b', join(here, 'batch')])).toMatchObject({ code: 0 });
    expect(readFileSync(join(here, 'one'), 'utf8')).toBe('there');
    await finalEntry(open);
    expect(await mavis(['ssh', 'no-such-resource', 'id'])).toMatchObject({ code: 1, output: '', errors: expect.stringContaining('(resource.unknown)') });
    await expect.poll(() => Object.values(programs.stores.foreignClients.state.items).every(({ phase }) => phase.status === 'ended')).toBe(true);
  });

  test('rules 28, 30: ssh, scp and sftp reach a resource by its name with ProxyCommand="mavis proxy %h" alone, and each is in the audit log as a program of the user\'s own', async () => {
    const { here, there } = folders();
    const { name } = (await own.client.service.call(resourcesRoutes.resourceList, { params: {}, query: { filter: 'tag:lets-in', limit: 1 }, body: {} })).items[0] ?? { name: '' };
    const options = ['-o', `ProxyCommand=${process.execPath} ${MAVIS} ${programs.folder} proxy %h`, '-o', 'User=mavis', '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
    expect(await runProgram('ssh', [...options, name, 'cat; exit 3'], { input: 'through it\n' })).toEqual({ code: 3, output: 'through it\n', errors: '' });
    expect((await finalEntry(open)).facts).toMatchObject({ foreignClient: true, protocol: 'ssh', exitStatus: 3 });
    const bytes = randomBytes(90_000);
    writeFileSync(join(here, 'up.bin'), bytes);
    expect(await runProgram('scp', [...options, join(here, 'up.bin'), `${name}:${there}/`])).toMatchObject({ code: 0, errors: '' });
    expect(hash(readFileSync(join(there, 'up.bin')))).toBe(hash(bytes));
    expect((await finalEntry(open)).facts).toMatchObject({ foreignClient: true, protocol: 'sftp' });
    expect(await runProgram('sftp', [...options, '-b', '-', name], { input: `get ${there}/up.bin ${here}/down.bin\n` })).toMatchObject({ code: 0 });
    expect(hash(readFileSync(join(here, 'down.bin')))).toBe(hash(bytes));
    expect(await recorded(await finalEntry(open))).toContain(`sha256:${hash(bytes)}`);
  });

  test('rules 28, 30: by the configuration that mavis ssh-config writes, rsync and ssh reach a resource by its name, as often as they want', async () => {
    const { here, there } = folders();
    const { output } = await mavis(['ssh-config']);
    const config = output.trim().replace(/^Include /, '');
    expect(statSync(config).mode & 0o777).toBe(0o600);
    const { name } = (await own.client.service.call(resourcesRoutes.resourceList, { params: {}, query: { filter: 'tag:lets-in', limit: 1 }, body: {} })).items[0] ?? { name: '' };
    for (let number = 0; number < 5; number += 1) writeFileSync(join(here, `file ${number}`), randomBytes(2000));
    expect(await runProgram('rsync', ['-a', '-e', `ssh -F ${config}`, `${here}/`, `${name}:${there}/`])).toMatchObject({ code: 0, errors: '' });
    const two = await Promise.all([1, 2].map((number) => runProgram('ssh', ['-F', config, name, `ls ${there} | wc -l; exit ${number}`])));
    expect(two.map(({ code, output: printed }) => [code, printed.trim()])).toEqual([[1, '5'], [2, '5']]);
    for (let connection = 0; connection < 3; connection += 1) await finalEntry(open);
  });

  test('rule 30: Ansible works against a resource by its name, and each of its connections is in the audit log', async () => {
    const { here, there } = folders();
    const resource = await makeResource('automated', ['ssh', 'sftp'], { foreignClients: true, exec: true });
    const { items } = await own.client.service.call(resourcesRoutes.resourceList, { params: {}, query: { filter: '', limit: 1000 }, body: {} });
    const name = items.find(({ id }) => id === resource)?.name ?? '';
    const { output } = await mavis(['ssh-config']);
    const config = output.trim().replace(/^Include /, '');
    // Each step by a connection of its own: the socket of a shared one would lie in a folder whose path may be too long for it.
    const environment = { PATH: process.env['PATH'], HOME: here, LC_ALL: 'C.UTF-8', ANSIBLE_SSH_ARGS: '-o ControlMaster=no' };
    const end = await runProgram('ansible', ['all', '-i', `${name},`, '-m', 'copy', '-a', `content=${name} dest=${there}/by-ansible`, '--ssh-common-args', `-F ${config}`], { environment });
    expect(end).toMatchObject({ code: 0, output: expect.stringContaining('CHANGED') });
    expect(readFileSync(join(there, 'by-ansible'), 'utf8')).toBe(name);
    expect((await finalEntry(resource)).facts).toMatchObject({ foreignClient: true, user: 'tester' });
  });
});

describe('S20: a VNC viewer of the user\'s own', () => {
  let desktop: VncTarget;
  let resource: ResourceId;
  beforeAll(async () => {
    desktop = await startVncTarget({ width: 640, height: 480 });
    await desktop.drawScene(7);
    resource = await makeDesktop({ foreignClients: true });
  });
  afterAll(() => desktop.stop());

  const makeDesktop = (policy: object, port = desktop.port): Promise<ResourceId> => own.makeDesktop({ protocol: 'vnc', host: desktop.host, port, userName: 'unused', password: desktop.password, policy });

  async function openPort(one = resource): Promise<{ readonly id: string; readonly password: string; readonly port: number; readonly words: string[] }> {
    const { foreignClientId: id, password } = await programs.clients.open(one, 'vnc');
    const words = wordsOf(id, 'vncviewer');
    return { id, password: told(password), words, port: Number(words[0]?.split('::')[1]) };
  }

  /** A viewer of the tests' own, which speaks a version and gives an answer; what the port says after it. */
  async function answerOf(port: number, version: string, answer: (challenge: Buffer) => Buffer): Promise<{ readonly result: number; readonly reason: string }> {
    const socket = connect({ host: '127.0.0.1', port });
    const said = new RfbClient(socket);
    await said.read(12);
    said.send(Buffer.from(version, 'latin1'));
    if (version === 'RFB 003.003\n') expect((await said.read(4)).readUInt32BE(0)).toBe(2);
    else {
      expect([...(await said.read(2))]).toEqual([1, 2]);
      said.send(Buffer.of(2));
    }
    said.send(answer(await said.read(16)));
    const result = (await said.read(4)).readUInt32BE(0);
    const reason = result === 0 || version !== 'RFB 003.008\n' ? '' : (await said.read((await said.read(4)).readUInt32BE(0))).toString('utf8');
    socket.destroy();
    return { result, reason };
  }

  test('rule 23: TigerVNC\'s own viewer shows the desktop pixel by pixel, and its recording plays', async () => {
    const screen = await startVncTarget({ width: 640, height: 480 });
    try {
      const { id, password, words } = await openPort();
      expect(password).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
      const passwordFile = join(programs.folder, 'vnc-password');
      writeFileSync(passwordFile, vncPasswordFile(password), { mode: 0o600 });
      screen.start('vncviewer', '-passwd', passwordFile, '-FullScreen', ...words);
      await expect.poll(() => own.phaseOf(id)?.status, { timeout: 30_000 }).toBe('connected');
      const shown = await desktop.picture();
      await expect.poll(async () => (await screen.picture()).pixels.equals(shown.pixels), { timeout: 30_000 }).toBe(true);
      programs.clients.end(foreignClientId.parse(id));
      await own.over(id);
      const entry = await finalEntry(resource);
      expect(entry).toMatchObject({ kind: 'connection.ended', facts: { protocol: 'vnc', foreignClient: true } });
      const { near, far } = await socketPair();
      far.write(Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.of(1, 1), Buffer.alloc(4), ...(await traces.recordedFrames(entry)).filter(({ kind }) => kind === frameKind.output).map(({ payload }) => payload)]));
      const player = await new RfbClient(viewerDesktop(near, (error) => far.destroy(error))).initialise();
      await player.whole();
      expect(player.picture.pixels.equals(shown.pixels)).toBe(true);
      near.destroy();
      far.destroy();
    } finally {
      await screen.stop();
    }
  });

  test.each(['RFB 003.003\n', 'RFB 003.007\n', 'RFB 003.008\n', 'RFB 003.889\n'])('A26: who does not know the one-time password is refused in %j, and one who does comes in once', async (version) => {
    const { id, password, port } = await openPort();
    expect((await answerOf(port, version, (challenge) => vncAuthAnswer(challenge, 'WRONG'))).result).toBe(1);
    expect(own.phaseOf(id)?.status).toBe('waiting');
    expect((await answerOf(port, version, (challenge) => vncAuthAnswer(challenge, password))).result).toBe(0);
    await own.over(id);
    expect((await finalEntry(resource)).facts).toMatchObject({ protocol: 'vnc' });
    await expect(once(connect({ host: '127.0.0.1', port }), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('A26: one that guesses closes the port after ten tries; garbage is no viewer and no guess', async () => {
    const { id, port } = await openPort();
    const garbage = connect({ host: '127.0.0.1', port });
    garbage.resume().write('GET / HTTP/1.1\r\n\r\n');
    await once(garbage, 'close');
    const guess = (): ReturnType<typeof answerOf> => answerOf(port, 'RFB 003.008\n', () => randomBytes(16));
    for (let tries = 1; tries < 10; tries += 1) expect(await guess()).toEqual({ result: 1, reason: 'Authentication failure' });
    await expect(guess()).rejects.toThrow('the stream ended');
    expect(own.phaseOf(id)).toMatchObject({ status: 'ended', error: { code: 'client.foreign-guessed', args: { count: 10 } } });
  });

  test('S12: a desktop that is not there is told in the viewer with its reason, and the user as well; no recording', async () => {
    const dead = await makeDesktop({ foreignClients: true }, await freePort());
    const { id, password, port } = await openPort(dead);
    const { result, reason } = await answerOf(port, 'RFB 003.008\n', (challenge) => vncAuthAnswer(challenge, password));
    expect(result).toBe(1);
    expect(reason).toContain('target.refused');
    await own.over(id);
    expect(own.phaseOf(id)).toMatchObject({ status: 'ended', error: { code: 'target.refused' } });
    expect((await finalEntry(dead)).kind).toBe('connection.failed');
  });

  test('rule 30: a rule that lets none in opens no port', async () => {
    await expect(programs.clients.open(await makeDesktop({}), 'vnc')).rejects.toMatchObject({ code: 'access.foreign-client-not-allowed' });
    await expect(programs.clients.open(resource, 'ssh')).rejects.toMatchObject({ code: 'resource.protocol-unknown', args: { protocol: 'ssh' } });
  });
});

describe('A26: another program of this computer', () => {
  test('under another account is not let in, even with the right password', async () => {
    const others = await startForeignPrograms(own.client, 'tester', { ownUser: (process.getuid?.() ?? 0) + 1 });
    const { foreignClientId: id, password } = await others.clients.open(open, 'ssh');
    const words = others.stores.foreignClients.state.items[id]?.commands[0]?.text.split(' ').slice(1) ?? [];
    expect(await runProgram('ssh', [...words, 'id'], { password: told(password) })).toMatchObject({ code: 255, output: '' });
    expect(others.stores.foreignClients.state.items[id]?.phase.status).toBe('waiting');
    expect(others.log()).toContain('another account connected');
    await others.stop();
  });

  test('that guesses the one-time password closes the port after ten tries, and the user is told', async () => {
    const { id, password, words } = await letIn(open, 'ssh');
    for (let run = 0; run < 4; run += 1) expect((await runProgram('ssh', [...words, 'id'], { password: `WRONG-${run}` })).code).toBe(255);
    expect(own.phaseOf(id)).toMatchObject({ status: 'ended', error: { code: 'client.foreign-guessed', args: { count: 10 } } });
    expect(await runProgram('ssh', [...words, 'id'], { password: told(password) })).toMatchObject({ code: 255, output: '' });
  });

  test('that comes beside the one that was let in finds the port closed, and the password used', async () => {
    const { id, password, words } = await letIn(open, 'ssh');
    const port = Number(words[words.indexOf('-p') + 1]);
    const early = connect({ host: '127.0.0.1', port });
    early.on('error', () => undefined);
    await once(early, 'data');
    const first = runProgram('ssh', [...words, 'sleep 60'], { password });
    await once(early, 'close');
    expect(await runProgram('ssh', [...words, 'id'], { password: told(password) })).toMatchObject({ code: 255, output: '', errors: expect.stringContaining('Connection refused') });
    programs.clients.end(foreignClientId.parse(id));
    expect((await first).code).toBe(255);
    await own.over(id);
  });

  test('such as a browser with a page\'s request gets nothing, and the one who is waited for still comes in', async () => {
    const { id, password, words } = await letIn(open, 'ssh');
    const port = Number(words[words.indexOf('-p') + 1]);
    await expect(fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'SSH-2.0-page\r\n', headers: { origin: 'https://evil.example' } })).rejects.toThrow('fetch failed');
    expect(await runProgram('ssh', [...words, 'echo in'], { password })).toMatchObject({ code: 0, output: 'in\n' });
    await own.over(id);
  });
});
