import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { SIGN_IN_CONTEXT, signInRoutes } from '../../shared/api/sign-in.ts';
import type { DiagnosisRun } from '../../shared/diagnostics/diagnosis-run.ts';
import { makeReport, type Report, type ReportParts } from '../../shared/diagnostics/report.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { protocol } from '../../shared/ids.ts';
import type { ClientKey } from '../account/client-key.ts';
import type { ServiceClient } from '../service-client/service-client.ts';
import type { DiagnosedResource } from './checks/resource-way.ts';

/** `mavis diagnose [--resource NAME [--protocol ssh] --user NAME] [--json] [--report FILE]`. */
export type DiagnoseCommand =
  | { readonly kind: 'diagnose'; readonly resource: string | null; readonly protocol: DiagnosedResource['protocol']; readonly user: string | null; readonly json: boolean; readonly report: string | null }
  | { readonly kind: 'misused'; readonly why: string };

/** How the command ends: nothing is wrong, something is, or it was not understood or could not do what was asked. */
export const exitCodes = { good: 0, findings: 1, misused: 2 } as const;

export const USAGE = 'mavis diagnose [--resource NAME [--protocol ssh|sftp|vnc|rdp] --user NAME] [--json] [--report FILE]\nThe password of --user is read from standard input.';

const COMMAND = 'diagnose';

/** The command of a command line, or undefined where it is none: the app then starts as usual. Before the word only switches and the app's own path may stand. */
export function readDiagnoseCommand(argv: readonly string[], appPath: string): DiagnoseCommand | undefined {
  const at = argv.indexOf(COMMAND, 1);
  if (at < 0 || !argv.slice(1, at).every((word) => word.startsWith('-') || resolve(word) === resolve(appPath))) return undefined;
  try {
    const { values } = parseArgs({ args: argv.slice(at + 1), options: { resource: { type: 'string' }, protocol: { type: 'string' }, user: { type: 'string' }, json: { type: 'boolean' }, report: { type: 'string' }, 'user-data-dir': { type: 'string' } } });
    const wanted = protocol.safeParse(values.protocol ?? 'ssh');
    if (!wanted.success) return { kind: 'misused', why: '--protocol' };
    if (values.resource !== undefined && values.user === undefined) return { kind: 'misused', why: '--resource: --user' };
    return { kind: 'diagnose', resource: values.resource ?? null, protocol: wanted.data, user: values.user ?? null, json: values.json ?? false, report: values.report ?? null };
  } catch (error) {
    return { kind: 'misused', why: error instanceof Error ? error.message : '' };
  }
}

export interface DiagnoseCommandParts {
  /** Runs the checks, for a resource where one is named. */
  readonly diagnose: (resource: DiagnosedResource | undefined) => Promise<DiagnosisRun>;
  /** Signs in and finds the resource. Throws what the service says, or `resource.unknown`. */
  readonly findResource: (command: Extract<DiagnoseCommand, { kind: 'diagnose' }>) => Promise<DiagnosedResource>;
  /** What is otherwise in a run than when it last worked, by the app's own runs. */
  readonly since: (run: DiagnosisRun) => ReportParts['since'];
  readonly words: Omit<ReportParts, 'run' | 'since'>;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly save: (path: string, text: string) => Promise<void>;
}

/** Runs the command; gives the exit code. */
export async function runDiagnoseCommand(command: DiagnoseCommand, parts: DiagnoseCommandParts): Promise<number> {
  const { words, print, complain, save } = parts;
  if (command.kind === 'misused') {
    complain(`${command.why}\n${USAGE}\n`);
    return exitCodes.misused;
  }
  let resource: DiagnosedResource | undefined;
  if (command.resource !== null) {
    try {
      resource = await parts.findResource(command);
    } catch (error) {
      if (!(error instanceof MavisError)) throw error;
      // What stands between is what the checks tell; that the name is wrong they cannot.
      if (error.code === 'resource.unknown') {
        complain(`${words.translator.text('diagnostics.unknown-resource', { name: command.resource })}\n`);
        return exitCodes.misused;
      }
      complain(`${error.code}\n`);
    }
  }
  const run = await parts.diagnose(resource);
  const report: Report = makeReport({ ...words, run, since: parts.since(run) });
  if (command.report !== null) await save(command.report, command.report.endsWith('.json') ? report.json : report.html);
  print(command.json ? report.json : report.text);
  return run.findings.length === 0 ? exitCodes.good : exitCodes.findings;
}

/** Signs a client in with a password; the token stays in the client. */
export async function signInClient(client: ServiceClient, clientKey: Pick<ClientKey, 'publicKey' | 'sign'>, name: string, password: string): Promise<void> {
  const { nonce } = await client.call(signInRoutes.signInChallenge, { params: {}, query: {}, body: {} });
  const { publicKey } = clientKey;
  const { token } = await client.call(signInRoutes.signIn, { params: {}, query: {}, body: { nonce, clientKey: publicKey, signature: clientKey.sign(`${SIGN_IN_CONTEXT}\n${nonce}\n${publicKey}`), name, password } });
  client.setToken(token);
}

/** A resource by its whole name. Throws `resource.unknown`. */
export async function resourceByName(client: Pick<ServiceClient, 'call'>, name: string, wanted: DiagnosedResource['protocol']): Promise<DiagnosedResource> {
  for (let cursor: string | undefined; ; ) {
    const page = await client.call(resourcesRoutes.resourceList, { params: {}, query: { filter: '', limit: 1000, ...(cursor === undefined ? {} : { cursor }) }, body: {} });
    const found = page.items.find((item) => item.name === name);
    if (found !== undefined) return { id: found.id, name: found.name, protocol: wanted };
    if (page.nextCursor === undefined) throw new MavisError('resource.unknown');
    cursor = page.nextCursor;
  }
}
