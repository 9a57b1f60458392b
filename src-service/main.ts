#!/usr/bin/env node
import './store/quick-drizzle.ts';
import { readFile, writeFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import packageDescription from '../package.json' with { type: 'json' };
import { parseAuditHeads, type SignedAuditHead } from '../shared/audit-head.ts';
import { isErrorCode } from '../shared/errors/catalogue.ts';
import { asMavisError, MavisError } from '../shared/errors/mavis-error.ts';
import { protocol, type Protocol } from '../shared/ids.ts';
import { systemLanguage } from '../shared/languages/system-language.ts';
import { adminCommand, type AdminOutput } from './commands/admin-command.ts';
import { askRunningService } from './commands/admin-socket.ts';
import type { ServeOptions } from './commands/serve.ts';
import { printable } from './export/printable.ts';

/** What to do about errors that a person at the command line can meet; others name only their code. */
const REMEDIES: Readonly<Record<string, string>> = {
  'service.data-folder-in-use': 'another mavis-service runs on this data folder; stop it, or give another --data',
  'service.database-unavailable': 'the database does not answer; check the URL and that the server runs',
  'request.not-found': 'there is none of that name, or it cannot be read',
  'request.conflict': 'it exists already, or it is the last administrator',
  'request.invalid': 'a value is not of the form; see --help',
  'gateway.key-invalid': 'paste the whole line that mavis-gateway init printed',
  'service.key-step': 'the steps are: rotate, switch, finish; see mavis-service key show',
  'service.key-not-acknowledged': 'wait until these gateways are available again, or leave them behind with --force: they need their configuration file again',
  'recording.not-stored': 'it is not stored here yet',
};

// A command that a running service answers needs little of it: what opens databases and listens is loaded where it is needed.
const program = new Command('mavis-service').description('The central service of MAVIS').version(packageDescription.version).showHelpAfterError();
const dataOption = new Option('--data <folder>', 'data folder').default(join(homedir(), '.mavis-service')).env('MAVIS_SERVICE_DATA');
const databaseOption = new Option('--database <url>', 'PostgreSQL server, without a password; else the embedded database');
const portNumber = z.coerce.number().int().min(0).max(65_535);

program.command('init').description('Make keys, database and the first administrator').addOption(dataOption).addOption(databaseOption).option('--embedded', 'part of the embedded system').action(async (options: ServeOptions) => (await import('./commands/serve.ts')).initService(options));

program
  .command('start')
  .description('Serve; runs init where it has not run')
  .addOption(dataOption)
  .addOption(databaseOption)
  .option('--host <address>', 'address to listen on')
  .option('--port <number>', 'port to listen on', (text) => parsed(portNumber, text))
  .option('--embedded', 'part of the embedded system')
  .option('--control-fd <number>', 'inherited pipe of the launcher', (text) => parsed(z.coerce.number().int().min(3).max(64), text))
  .option('--exit-with-stdin', 'stop when standard input ends')
  .action(async (options: ServeOptions) => (await import('./commands/serve.ts')).serve(options));

program
  .command('doctor')
  .description('Look at the service on its own machine: what is wrong, who must act, what to do; ends with 1 where something is')
  .addOption(dataOption)
  .option('--host <address>', 'address that "start" is given, where it is not in service.json')
  .option('--port <number>', 'port that "start" is given, where it is not in service.json', (text) => parsed(portNumber, text))
  .option('--json', 'for other programs')
  .option('--language <tag>', 'en, ja or zh-Hant; by default that of the system')
  // As `mavis diagnose`: 1 says that something is wrong with the service.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .action(async ({ data, host, port, json, language }: { data: string; host?: string; port?: number; json?: boolean; language?: string }) => {
    const { runDoctor } = await import('./commands/doctor.ts');
    process.exitCode = await runDoctor({ folder: resolve(data), overrides: { host, port }, json: json ?? false, language: language ?? systemLanguage(process.env), print });
  });

const user = program.command('user').description('Accounts');
user
  .command('add <name>')
  .requiredOption('--role <role>', 'admin, operator, auditor, user or vendor')
  .option('--display-name <text>', 'name as it is shown')
  .option('--expires <instant>', 'ISO 8601, in UTC; vendors must have one')
  .addOption(dataOption)
  .action((name: string, options: { data: string; role: string; displayName?: string; expires?: string }) => run(options.data, { command: 'user-add', name, role: options.role, displayName: options.displayName ?? name, expiresAt: options.expires ?? null }));
user.command('disable <name>').addOption(dataOption).action((name: string, { data }: { data: string }) => run(data, { command: 'user-disable', name }));
user.command('reset <name>').addOption(dataOption).action((name: string, { data }: { data: string }) => run(data, { command: 'user-reset', name }));

const resource = program.command('resource').description('Inventory');
resource
  .command('import <file>')
  .option('--dry-run', 'only report')
  .option('--format <format>', 'csv or json; by default by the name of the file')
  .addOption(dataOption)
  .action(async (file: string, options: { data: string; dryRun?: boolean; format?: string }) =>
    run(options.data, { command: 'resource-import', format: options.format ?? (file.toLowerCase().endsWith('.csv') ? 'csv' : 'json'), text: await textOf(file), dryRun: options.dryRun ?? false }));
resource.command('export').option('--format <format>', 'csv or json', 'json').addOption(dataOption).action((options: { data: string; format: string }) => run(options.data, { command: 'resource-export', format: options.format }));

const gateway = program.command('gateway').description('Gateways');
gateway
  .command('add <name>')
  .option('--segment <segment>', 'segment, such as gateway-office1')
  .requiredOption('--host <address>', 'address at which clients and the service reach it')
  .option('--link-port <port>', 'port of the link', '443')
  .option('--proxy-ports <ports>', 'proxy ports, with commas', '7993,7994,7995')
  .option('--reached-through-default', 'nothing reaches it but the default gateway')
  .requiredOption('--out <file>', 'where to write the configuration file')
  .addOption(dataOption)
  .action(async (name: string, options: { data: string; segment?: string; host: string; linkPort: string; proxyPorts: string; reachedThroughDefault?: boolean; out: string }) => {
    const addresses = { host: options.host, linkPort: Number(options.linkPort), proxyPorts: options.proxyPorts.split(',').map(Number) };
    await run(options.data, { command: 'gateway-add', name, segment: options.segment ?? null, addresses, reachedThroughDefault: options.reachedThroughDefault ?? false }, options.out);
  });
gateway.command('key <name> <line>').addOption(dataOption).action((name: string, line: string, { data }: { data: string }) => run(data, { command: 'gateway-key', name, line }));
gateway
  .command('ports <name>')
  .description('Show or set which proxy ports carry a protocol, in the order to try them: "7993/7994,7995" is 7993 first, then 7994 or 7995 at random')
  .option('--ssh <order>')
  .option('--sftp <order>')
  .option('--rdp <order>')
  .option('--vnc <order>')
  .addOption(new Option('--over-443 <switch>', 'whether sessions may run over the link port').choices(['on', 'off']))
  .addOption(dataOption)
  .action((name: string, options: { data: string; over443?: string } & Partial<Record<Protocol, string>>) => {
    const preference = Object.fromEntries(protocol.options.flatMap((one) => (options[one] === undefined ? [] : [[one, portOrderOf(options[one])]])));
    return run(options.data, { command: 'gateway-ports', name, preference, over443: options.over443 === undefined ? null : options.over443 === 'on' });
  });
interface EditOptions {
  data: string;
  rename?: string;
  segment?: string;
  host?: string;
  linkPort?: string;
  proxyPorts?: string;
  reachedThroughDefault?: 'on' | 'off';
}
gateway
  .command('edit <name>')
  .description('Change name, segment ("-" for none), addresses or how it is reached; with other addresses the gateway needs its configuration file again')
  .option('--rename <name>')
  .option('--segment <segment>')
  .option('--host <address>', 'address; ports that are not named stay')
  .option('--link-port <port>', 'port of the link')
  .option('--proxy-ports <ports>', 'proxy ports, with commas')
  .addOption(new Option('--reached-through-default <switch>', 'whether nothing reaches it but the default gateway').choices(['on', 'off']))
  .addOption(dataOption)
  .action((name: string, options: EditOptions) =>
    run(options.data, {
      command: 'gateway-change', name,
      change: {
        ...(options.rename === undefined ? {} : { name: options.rename }),
        ...(options.segment === undefined ? {} : { segment: options.segment === '-' ? null : options.segment }),
        ...(options.host === undefined && options.linkPort === undefined && options.proxyPorts === undefined ? {} : { addresses: { host: options.host, ...(options.linkPort === undefined ? {} : { linkPort: Number(options.linkPort) }), ...(options.proxyPorts === undefined ? {} : { proxyPorts: options.proxyPorts.split(',').map(Number) }) } }),
        ...(options.reachedThroughDefault === undefined ? {} : { reachedThroughDefault: options.reachedThroughDefault === 'on' }),
      },
    }));
for (const [verb, change] of [['drain', { draining: true }], ['undrain', { draining: false }], ['disable', { disabled: true }], ['enable', { disabled: false }]] as const) {
  gateway.command(`${verb} <name>`).addOption(dataOption).action((name: string, { data }: { data: string }) => run(data, { command: 'gateway-change', name, change }));
}
gateway.command('rotate-key <name>').description('Have a gateway make and announce its next key; both are good until the switch').addOption(dataOption).action((name: string, { data }: { data: string }) => run(data, { command: 'gateway-rotate-key', name }));
gateway
  .command('switch-key <name> <fingerprint>')
  .description('Have a gateway go by the next key of this fingerprint; the old one is refused from then on')
  .addOption(dataOption)
  .action((name: string, fingerprint: string, { data }: { data: string }) => run(data, { command: 'gateway-switch-key', name, fingerprint }));
gateway.command('remove <name>').description('Take a gateway out for good; its sessions end').addOption(dataOption).action((name: string, { data }: { data: string }) => run(data, { command: 'gateway-remove', name }));
gateway
  .command('configuration <name>')
  .description('Write the configuration file again')
  .requiredOption('--out <file>', 'where to write it')
  .addOption(dataOption)
  .action((name: string, { data, out }: { data: string; out: string }) => run(data, { command: 'gateway-configuration', name }, out));
gateway
  .command('rename-segment <from> <to>')
  .description('Rename a segment with the tags of its resources')
  .addOption(dataOption)
  .action((from: string, to: string, { data }: { data: string }) => run(data, { command: 'segment-rename', from, to }));
gateway
  .command('test <name> <resource>')
  .description('Try the way through a gateway to a resource, without credentials; ends with 1 where it does not lead there')
  .addOption(new Option('--protocol <protocol>', 'by default the first of the resource').choices(protocol.options))
  .addOption(dataOption)
  .action((name: string, resourceName: string, { data, protocol: wanted }: { data: string; protocol?: Protocol }) => run(data, { command: 'gateway-test', name, resource: resourceName, protocol: wanted ?? null }));
gateway.command('list').addOption(dataOption).action(({ data }: { data: string }) => run(data, { command: 'gateway-list' }));

const key = program.command('key').description('The service’s own keys, which gateways and clients pin');
for (const [step, description] of [
  ['show', 'say where a rotation stands, and which gateways do not know the new key yet'],
  ['rotate', 'make the next keys and announce them; both are good until the rotation is finished'],
  ['switch', 'go by the next keys, once gateways and clients had the time to hear of them'],
  ['finish', 'end the rotation: the former keys are refused'],
] as const) {
  const command = key.command(step).description(description).addOption(dataOption);
  if (step === 'finish') command.option('--force', 'also where gateways do not know the new key: they need their configuration file again');
  command.action(({ data, force }: { data: string; force?: boolean }) => run(data, { command: 'key', step, force: force ?? false }));
}

const tunnel = program.command('tunnel').description('Tunnel: all connections through the default gateway');
const tunnelDefault = (options: { gateway?: string; segment?: string }) =>
  options.gateway !== undefined ? { kind: 'gateway' as const, name: options.gateway } : options.segment !== undefined ? { kind: 'segment' as const, segment: options.segment } : null;
for (const [name, enabled, description] of [['show', null, 'say whether it is on, and through which gateway'], ['on', true, 'switch it on'], ['off', false, 'switch it off']] as const) {
  const command = tunnel.command(name).description(description).addOption(dataOption);
  if (enabled !== null) command.addOption(new Option('--gateway <name>', 'the default gateway').conflicts('segment')).addOption(new Option('--segment <segment>', 'the default segment: any available gateway of it'));
  command.action((options: { data: string; gateway?: string; segment?: string }) => run(options.data, { command: 'tunnel', enabled, through: tunnelDefault(options) }));
}

const audit = program.command('audit').description('Audit log');
audit
  .command('verify')
  .option('--heads <file>', 'signed heads that a gateway kept')
  .addOption(dataOption)
  .action(async (options: { data: string; heads?: string }) => run(options.data, { command: 'audit-verify', heads: options.heads === undefined ? [] : await headsOf(options.heads) }));
audit.command('export').option('--format <format>', 'csv or jsonl', 'jsonl').addOption(dataOption).action((options: { data: string; format: string }) => run(options.data, { command: 'audit-export', format: options.format }));

const recording = program.command('recording').description('Recordings');
recording.command('verify [id]').addOption(dataOption).action((id: string | undefined, { data }: { data: string }) => run(data, { command: 'recording-verify', recordingId: id ?? null }));

try {
  await program.parseAsync();
} catch (error) {
  fail(error);
}

/** The text of a file. Throws `request.not-found`, and `request.invalid` for one that is not UTF-8: names would be taken with other letters than they have. */
async function textOf(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new MavisError('request.not-found', { file }, { cause });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MavisError('request.invalid', { field: `${file}: UTF-8` }, { cause });
  }
}

/** The signed heads of a file. Throws `request.invalid` where it holds anything else. */
async function headsOf(file: string): Promise<SignedAuditHead[]> {
  const text = await textOf(file);
  try {
    return parseAuditHeads(text);
  } catch (cause) {
    throw new MavisError('request.invalid', { field: 'heads' }, { cause });
  }
}

/** Runs a command in the service that runs on this data folder, else directly. */
async function run(data: string, given: unknown, outFile?: string): Promise<void> {
  const checked = adminCommand.safeParse(given);
  if (!checked.success) {
    const field = (checked.error.issues[0]?.path ?? []).join('.');
    // A line is what an administrator pastes: he is told which one.
    throw field === 'line' ? new MavisError('gateway.key-invalid') : new MavisError('request.invalid', { field });
  }
  const request = { command: checked.data, account: userInfo().username };
  const folder = resolve(data);
  const running = await askRunningService(folder, request);
  if (running !== undefined) return show(running, outFile);
  const { runDirectly } = await import('./commands/run-directly.ts');
  await runDirectly({ folder, request, show: (outputs) => show(outputs, outFile), fail });
}

async function show(outputs: AsyncIterable<AdminOutput>, outFile: string | undefined): Promise<void> {
  let ended = false;
  for await (const output of outputs) {
    if (output.kind === 'line') print(output.text);
    else if (output.kind === 'raw') await (outFile === undefined ? written(output.text) : writeFile(outFile, output.text, { mode: 0o600 }));
    else if (output.kind === 'error') throw new MavisError(isErrorCode(output.code) ? output.code : 'internal', output.args);
    else {
      ended = true;
      process.exitCode = output.ok ? 0 : 1;
    }
  }
  if (!ended) throw new Error('the service was stopped before the command was done; its log says more');
}

function written(text: string): Promise<void> {
  return new Promise((done, failed) => {
    process.stdout.write(text, (error) => (error ? failed(error) : done()));
  });
}

/** `7993/7994,7995` as lists of equals; what is no number stays one that the schema refuses. */
function portOrderOf(text: string): number[][] {
  return text.split('/').map((equals) => equals.split(',').map(Number));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One line: the code, and what to do. */
function fail(thrown: unknown): void {
  const error = asMavisError(thrown);
  const args = Object.entries(error.args).map(([name, value]) => ` ${name}=${String(value)}`).join('');
  const why = error.code === 'internal' && error.cause instanceof Error ? error.cause.message : (REMEDIES[error.code] ?? 'see docs/errors.md');
  process.stderr.write(`${printable(`${error.code}:${args} ${why}`)}\n`);
  process.exitCode = 1;
}

function parsed<T>(schema: z.ZodType<T>, text: string): T {
  const result = schema.safeParse(text);
  if (!result.success) throw new InvalidArgumentError('not a number in range');
  return result.data;
}
