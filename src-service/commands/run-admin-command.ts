import type { AuditVerification } from '../../shared/api/audit.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { AuditActor } from '../audit/audit-log.ts';
import { verifyAuditByPage } from '../audit/audit-verification.ts';
import { auditFile } from '../audit/log-export.ts';
import type { Assembly } from '../assembly.ts';
import { asGateway } from '../gateways/gateway-record.ts';
import { preferenceText } from '../gateways/gateways.ts';
import { lookInside } from '../doctor/look-inside.ts';
import { exportResources } from '../resources/resource-routes.ts';
import { importResources } from '../resources/resource-import.ts';
import type { AdminCommand, AdminOutput, AdminRequest } from './admin-command.ts';
import { printable } from '../export/printable.ts';

/** A verification of a long log tells so often how far it is. */
const VERIFY_PROGRESS_MS = 2_000;

type Answers = AsyncGenerator<AdminOutput>;
type Run<Name extends AdminCommand['command']> = (assembly: Assembly, command: Extract<AdminCommand, { command: Name }>, actor: AuditActor) => Answers;

/** Runs a command with everything an administrator may do; each that changes or hands out something is an audit entry under the name of the operating system's account. `url`: where the service listens, if it does. */
export async function* runAdminCommand(assembly: Assembly, { command, account }: AdminRequest, url: string | null = null): Answers {
  const actor: AuditActor = { kind: 'command-line', id: null, name: account };
  switch (command.command) {
    case 'doctor':
      yield { kind: 'raw', text: JSON.stringify(await lookInside(assembly, url)) };
      return yield done();
    case 'user-add':
      return yield* userAdd(assembly, command, actor);
    case 'user-disable':
      return yield* userDisable(assembly, command, actor);
    case 'user-reset':
      return yield* userReset(assembly, command, actor);
    case 'resource-import':
      return yield* resourceImport(assembly, command, actor);
    case 'resource-export':
      return yield* resourceExport(assembly, command, actor);
    case 'gateway-add':
      return yield* gatewayAdd(assembly, command, actor);
    case 'gateway-key':
      return yield* gatewayKey(assembly, command, actor);
    case 'gateway-list':
      return yield* gatewayList(assembly, command, actor);
    case 'gateway-test':
      return yield* gatewayTest(assembly, command, actor);
    case 'gateway-ports':
      return yield* gatewayPorts(assembly, command, actor);
    case 'gateway-change':
      return yield* gatewayChange(assembly, command, actor);
    case 'gateway-rotate-key':
      return yield* gatewayRotateKey(assembly, command, actor);
    case 'gateway-switch-key':
      return yield* gatewaySwitchKey(assembly, command, actor);
    case 'gateway-remove':
      return yield* gatewayRemove(assembly, command, actor);
    case 'gateway-configuration':
      return yield* gatewayConfiguration(assembly, command, actor);
    case 'segment-rename':
      return yield* segmentRename(assembly, command, actor);
    case 'key':
      return yield* serviceKey(assembly, command, actor);
    case 'tunnel':
      return yield* tunnelCommand(assembly, command, actor);
    case 'audit-verify':
      return yield* auditVerify(assembly, command, actor);
    case 'audit-export':
      return yield* auditExport(assembly, command, actor);
    case 'recording-verify':
      return yield* recordingVerify(assembly, command, actor);
    default:
      return command satisfies never;
  }
}

function line(text: string): AdminOutput {
  return { kind: 'line', text: printable(text) };
}

function done(ok = true): AdminOutput {
  return { kind: 'done', ok };
}

const userAdd: Run<'user-add'> = async function* ({ core }, { name, role, displayName, expiresAt }, actor) {
  const { user, oneTimePassword } = await core.accounts.create(actor, { name, role, displayName, expiresAt });
  yield line(`user ${user.name} added with the role ${user.role}`);
  yield line(`one-time password: ${oneTimePassword ?? ''}`);
  yield done();
};

const userDisable: Run<'user-disable'> = async function* ({ core }, { name }, actor) {
  const { id } = await core.accounts.byName(name);
  await core.accounts.disable(actor, 'admin', id);
  yield line(`user ${name} disabled: tokens and sessions end`);
  yield done();
};

const userReset: Run<'user-reset'> = async function* ({ core }, { name }, actor) {
  const { id } = await core.accounts.byName(name);
  yield line(`one-time password: ${await core.accounts.resetPassword(actor, 'admin', id)}`);
  yield done();
};

const resourceImport: Run<'resource-import'> = async function* ({ core }, { format, text, dryRun }, actor) {
  const report = await importResources(core.resources, actor, { format, text, dryRun });
  for (const bad of report.badLines) yield line(`line ${String(bad.line)}: ${bad.column === '' ? '' : `${bad.column}: `}${bad.code}${bad.value === '' ? '' : `: ${bad.value}`}`);
  yield line(`${dryRun ? 'would be ' : ''}created ${String(report.created)}, updated ${String(report.updated)}, refused lines ${String(report.badLineCount)}`);
  yield done(report.badLineCount === 0);
};

const resourceExport: Run<'resource-export'> = async function* ({ core }, { format }, actor) {
  await core.database.transaction((transaction) => core.auditLog.append(transaction, { kind: 'resource.exported', actor, facts: { format, filter: '' } }));
  yield { kind: 'raw', text: await exportResources(core.inventory, core.resources, format, { kind: 'all' }) };
  yield done();
};

const gatewayAdd: Run<'gateway-add'> = async function* ({ gatewaySide: { gateways } }, { name, segment, addresses, reachedThroughDefault }, actor) {
  const row = await gateways.register({ name, segment, addresses, reachedThroughDefault }, actor);
  yield { kind: 'raw', text: `${JSON.stringify(await gateways.configurationFile(row), null, 2)}\n` };
  yield done();
};

const gatewayKey: Run<'gateway-key'> = async function* ({ gatewaySide: { gateways } }, { name, line: keyLine }, actor) {
  const row = (await gateways.list()).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (row === undefined) throw new MavisError('request.not-found');
  await gateways.enterKey(row.id, keyLine, actor);
  yield line(`key of gateway ${row.name} entered`);
  yield done();
};

/** Without a change it only shows what is set. */
const gatewayPorts: Run<'gateway-ports'> = async function* ({ gatewaySide: { gateways } }, { name, preference, over443 }, actor) {
  const row = (await gateways.list()).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (row === undefined) throw new MavisError('request.not-found');
  const changes = Object.keys(preference).length > 0 || over443 !== null;
  const now = changes ? await gateways.update(row.id, { portPreference: { ...row.portPreference, ...preference }, ...(over443 === null ? {} : { over443 }) }, actor) : row;
  yield line(`${now.name}: ${preferenceText(now.portPreference)}`);
  yield line(`sessions over the link port ${String(now.linkPort)}: ${now.over443 ? 'on' : 'off'}`);
  if (changes) yield line('the gateway has it with the next sync, within 15 seconds');
  yield done();
};

const gatewayList: Run<'gateway-list'> = async function* ({ gatewaySide: { gateways } }) {
  for (const row of await gateways.list()) yield line([row.name, row.segment ?? '-', `${row.host}:${String(row.linkPort)}`, ...(row.reachedThrough === 'default' ? ['through the default gateway'] : []), row.state, row.stateCode ?? '-', row.confirmedAt?.toISOString() ?? 'never confirmed'].join('  '));
  yield done();
};

async function gatewayNamed({ gatewaySide: { gateways } }: Assembly, name: string) {
  const row = (await gateways.list()).find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (row === undefined) throw new MavisError('request.not-found');
  return row;
}

/** The last step of a gateway's setting up (S40): through it to a resource, without credentials; by the first protocol of the resource where none is named. */
const gatewayTest: Run<'gateway-test'> = async function* (assembly, { name, resource, protocol: wanted }, actor) {
  const { core, gatewaySide } = assembly;
  const { id: gatewayId } = await gatewayNamed(assembly, name);
  const resourceId = (await core.resources.existing([resource])).get(resource.toLowerCase());
  if (resourceId === undefined) throw new MavisError('resource.unknown');
  const protocol = wanted ?? (await core.resources.read(resourceId)).protocols[0]?.protocol ?? 'ssh';
  const { stages, identity } = await gatewaySide.tests.test({ resourceId, protocol, gatewayId }, actor, new AbortController().signal);
  for (const { stage, ok, milliseconds, code, detail } of stages) yield line(`${stage}: ${ok ? 'ok' : (code ?? 'failed')}, ${milliseconds.toFixed(0)} ms${detail === '' ? '' : `, ${detail}`}`);
  if (identity !== null) yield line(`${identity.kind} ${identity.fingerprint}: ${identity.expected ? 'the one that is expected' : 'not confirmed'}`);
  yield done(stages.every(({ ok }) => ok));
};

const gatewayChange: Run<'gateway-change'> = async function* (assembly, { name, change }, actor) {
  const { id, host, linkPort, proxyPorts } = await gatewayNamed(assembly, name);
  const { addresses, ...others } = change;
  const moved = addresses && { addresses: { host: addresses.host ?? host, linkPort: addresses.linkPort ?? linkPort, proxyPorts: addresses.proxyPorts ?? proxyPorts } };
  const row = await assembly.gatewaySide.gateways.update(id, { ...others, ...moved }, actor);
  yield line([row.name, row.segment ?? '-', `${row.host}:${String(row.linkPort)}`, row.state].join('  '));
  yield done();
};

/** Has a gateway make and announce its next key. */
const gatewayRotateKey: Run<'gateway-rotate-key'> = async function* (assembly, { name }, actor) {
  const { keyFingerprint, nextKeyFingerprint } = asGateway(await assembly.gatewaySide.rotation.begin((await gatewayNamed(assembly, name)).id, actor));
  yield line(`fingerprint now ${keyFingerprint ?? '-'}`);
  yield line(`next fingerprint ${nextKeyFingerprint ?? '-'}: compare it with mavis-gateway rotate-key at the gateway, then: mavis-service gateway switch-key ${name} FINGERPRINT`);
  yield done();
};

/** Goes by the next key of a gateway. */
const gatewaySwitchKey: Run<'gateway-switch-key'> = async function* (assembly, { name, fingerprint }, actor) {
  const row = await assembly.gatewaySide.rotation.switchTo((await gatewayNamed(assembly, name)).id, fingerprint, actor);
  yield line(`gateway ${row.name} goes by ${fingerprint}; its old key is refused`);
  yield done();
};

/** Takes a gateway out. */
const gatewayRemove: Run<'gateway-remove'> = async function* (assembly, { name }, actor) {
  const row = await gatewayNamed(assembly, name);
  await assembly.gatewaySide.removeGateway(row.id, actor);
  yield line(`gateway ${row.name} removed`);
  yield done();
};

const gatewayConfiguration: Run<'gateway-configuration'> = async function* (assembly, { name }) {
  const row = await gatewayNamed(assembly, name);
  yield { kind: 'raw', text: `${JSON.stringify(await assembly.gatewaySide.gateways.configurationFile(row), null, 2)}\n` };
  yield done();
};

const segmentRename: Run<'segment-rename'> = async function* ({ core }, { from, to }, actor) {
  const { gateways, resources, rules } = await core.segmentRenaming.rename(actor, from, to);
  yield line(`segment ${from} is now ${to}: gateways ${String(gateways)}, resources ${String(resources)}`);
  for (const rule of rules) yield line(`access rule that still names ${from}: ${rule}`);
  yield done();
};

/** A step of the rotation of the service's own keys, or none; says where it stands then. */
const serviceKey: Run<'key'> = async function* ({ core: { keyRotation } }, { step, force }, actor) {
  const steps = { show: () => keyRotation.read(), rotate: () => keyRotation.begin(actor), switch: () => keyRotation.switchOver(actor), finish: () => keyRotation.finish(force, actor) } as const;
  const { stage, present, other, gateways } = await steps[step]();
  yield line(`present keys: certificate ${present.certificate}, links ${present.link}`);
  if (other !== null) yield line(`${stage === 'announced' ? 'next' : 'former'} keys, good as well: certificate ${other.certificate}, links ${other.link}`);
  const behind = gateways.filter(({ told }) => !told);
  const what = stage === 'none' ? 'refuse the former keys' : 'know both keys';
  if (stage !== 'none' || behind.length > 0) yield line(`gateways that ${what}: ${String(gateways.length - behind.length)} of ${String(gateways.length)}`);
  for (const { name, state } of behind) yield line(`not yet: ${name} (${state})`);
  if (stage === 'announced') yield line('when all gateways know them, and clients had the time to sign in once: mavis-service key switch');
  if (stage === 'switched') yield line('when all gateways know them: mavis-service key finish');
  yield done();
};

const tunnelCommand: Run<'tunnel'> = async function* ({ gatewaySide: { gateways, tunnel } }, { enabled, through }, actor) {
  const before = await tunnel.read();
  const rows = await gateways.list();
  let chosen = before.default;
  if (through?.kind === 'segment') chosen = through;
  if (through?.kind === 'gateway') {
    const row = rows.find((one) => one.name.toLowerCase() === through.name.toLowerCase());
    if (row === undefined) throw new MavisError('request.not-found');
    chosen = { kind: 'gateway', gatewayId: row.id };
  }
  const now = enabled === null && through === null ? before : await tunnel.update({ enabled: enabled ?? before.enabled, default: chosen }, actor);
  const gatewayId = now.default?.kind === 'gateway' ? now.default.gatewayId : null;
  const name = now.default?.kind === 'segment' ? now.default.segment : (rows.find(({ id }) => id === gatewayId)?.name ?? '-');
  yield line(`tunnel ${now.enabled ? 'on' : 'off'}; default ${now.default?.kind ?? 'gateway'}: ${name}`);
  yield done();
};

const auditVerify: Run<'audit-verify'> = async function* ({ core }, { heads }, actor) {
  await core.auditChain.chainAll();
  let toldAt = performance.now();
  for await (const event of verifyAuditByPage({ database: core.database, signingKey: core.keys.signing.publicKey, heads: [...(await core.auditHeads.all()), ...heads] })) {
    if (event.kind === 'progress') {
      if (performance.now() - toldAt < VERIFY_PROGRESS_MS) continue;
      toldAt = performance.now();
      yield line(`checked ${String(event.entries)} of ${String(event.of)}`);
    } else {
      yield* auditVerdict(core, event.result, actor);
    }
  }
};

async function* auditVerdict(core: Assembly['core'], result: AuditVerification, actor: AuditActor): Answers {
  const { ok, entries, notYetProven, headsChecked, firstBroken } = result;
  await core.database.transaction((transaction) => core.auditLog.append(transaction, { kind: 'audit.verified', actor, facts: { ok, entries, notYetProven, firstBroken: firstBroken?.sequence ?? null } }));
  yield line(`entries ${String(entries)}, signed heads ${String(headsChecked)}, not yet proven ${String(notYetProven)}`);
  if (firstBroken !== null) yield line(`audit.chain-broken: entry ${String(firstBroken.sequence)}${firstBroken.id === null ? '' : ` (${firstBroken.id})`}: ${firstBroken.what}`);
  else yield line('the chain is whole');
  yield done(ok);
}

const auditExport: Run<'audit-export'> = async function* ({ core }, { format }, actor) {
  await core.database.transaction((transaction) => core.auditLog.append(transaction, { kind: 'audit.exported', actor, facts: { format } }));
  for await (const text of auditFile(format, core.auditReader.everyEntry({}))) yield { kind: 'raw', text };
  yield done();
};

const recordingVerify: Run<'recording-verify'> = async function* ({ gatewaySide: { archive } }, { recordingId }, actor) {
  let ok = true;
  for (const id of recordingId === null ? await archive.storedIds() : [recordingId]) {
    const found = await archive.verify(id, actor);
    ok &&= found.ok;
    yield line(`${id}: ${found.ok ? 'whole' : (found.code ?? 'broken')}, frames ${String(found.frames)}${found.detail === '' ? '' : `, ${found.detail}`}`);
  }
  yield done(ok);
};
