import { createPrivateKey, X509Certificate } from 'node:crypto';
import { access, constants, lstat, readdir, readFile, statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import packageDescription from '../../package.json' with { type: 'json' };
import type { CheckResult } from '../../shared/diagnostics/check-result.ts';
import type { Finding } from '../../shared/diagnostics/diagnosis-run.ts';
import { type DoctorCode, doctorFinding, type Server } from '../../shared/diagnostics/doctor/doctor-findings.ts';
import { type DoctorReport, type DoctorResult, makeDoctorReport } from '../../shared/diagnostics/doctor/doctor-report.ts';
import { daysLeft, judgeCertificate, judgeClock, judgeDisk, judgeFiles, judgePorts, judgeSchema, judgeVersion, type SeenFile } from '../../shared/diagnostics/doctor/judgements.ts';
import { type DoctorCheck, type DoctorFound, runDoctorChecks } from '../../shared/diagnostics/doctor/run-doctor.ts';
import { findFindings } from '../../shared/diagnostics/findings/find-findings.ts';
import { askRunningService } from '../commands/admin-socket.ts';
import { type Configuration, type ConfigurationOverrides, readConfiguration, WrongConfiguration } from '../configuration/configuration.ts';
import { SYNC_INTERVAL_MS } from '../gateways/status-sync.ts';
import { dataFolderHolder } from '../store/data-folder-lock.ts';
import { readMigrations } from '../store/migrate.ts';
import { lookAtEmbedded, lookAtPostgresql } from './look-at-database.ts';
import { databaseWord, type InsideFacts, insideFacts } from './inside-facts.ts';
import { reachOwnPort, tryToListen } from './own-port.ts';
import { timeLimit } from './time-limit.ts';

const SERVER: Server = 'mavis-service';
const LIMIT_MS = 5000;
/** Opening an embedded database that nobody has open takes seconds on a slow disk; a running service answers at once. */
const DATABASE_LIMIT_MS = 8000;
/** The running service's own limit is shorter, so that silence says that it hangs. */
const INSIDE_LIMIT_MS = 5000;
const KEY_FILES = ['signing', 'recording', 'tls', 'link'] as const;
/** Files that an administrator writes, under whichever account. */
const ADMINISTRATORS_OWN: ReadonlySet<string> = new Set(['service.json']);
const SECRETS: ReadonlySet<string> = new Set(['keys', 'master.key', 'first-password']);
/** States that an administrator has chosen are no fault. */
const CHOSEN: ReadonlySet<string> = new Set(['disabled', 'draining']);

export interface DoctorOptions {
  /** Absolute. */
  readonly folder: string;
  readonly overrides: ConfigurationOverrides;
  /** May hold a password: it is never told. */
  readonly databaseUrl: string | undefined;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
}

/** `mavis-service doctor`: looks at the service from its own machine, whether it runs or not, and changes nothing. Never rejects; takes less than 10 s. */
export async function lookAtService(options: DoctorOptions): Promise<DoctorReport> {
  const { wallMs, monotonicMs } = options;
  const begun = monotonicMs();
  const startedAt = new Date(wallMs()).toISOString();
  const results = await runDoctorChecks(await new Look(options).checks(), { monotonicMs, limit: timeLimit });
  return makeDoctorReport({ program: SERVER, programVersion: packageDescription.version, startedAt, milliseconds: Math.round(monotonicMs() - begun) }, results);
}

/** What a running service told of itself; `silent` where it did not answer in time, undefined where none runs. */
type Inside = InsideFacts | 'silent' | undefined;

/** What is read once and several checks need. */
class Look {
  readonly #options: DoctorOptions;
  #configuration: Configuration | undefined;
  #holder: number | null = null;
  #inside: Promise<Inside> = Promise.resolve(undefined);

  constructor(options: DoctorOptions) {
    this.#options = options;
  }

  async checks(): Promise<readonly DoctorCheck<AbortSignal>[]> {
    const { folder } = this.#options;
    const configuration = await this.#readConfiguration();
    if (this.#configuration === undefined) return [{ check: 'configuration', limitMs: LIMIT_MS, run: async () => configuration }];
    this.#holder = await dataFolderHolder(folder);
    if (this.#holder !== null) this.#inside = askInside(folder);
    const check = (name: DoctorResult['check'], run: DoctorCheck<AbortSignal>['run'], limitMs = LIMIT_MS): DoctorCheck<AbortSignal> => ({ check: name, limitMs, run });
    return [
      check('configuration', async () => configuration),
      check('files', () => this.#files()),
      check('keys', () => this.#keys()),
      check('certificate', () => this.#certificates()),
      check('process', () => this.#process(), DATABASE_LIMIT_MS),
      check('version', () => this.#version(), DATABASE_LIMIT_MS),
      check('port', (signal) => this.#port(signal), DATABASE_LIMIT_MS),
      check('database', () => this.#database(), DATABASE_LIMIT_MS),
      check('gateways', () => this.#gateways(), DATABASE_LIMIT_MS),
      check('clock', () => this.#clock(), DATABASE_LIMIT_MS),
      check('disk', () => this.#disk()),
    ];
  }

  async #readConfiguration(): Promise<DoctorFound> {
    const { folder, overrides, databaseUrl } = this.#options;
    const told = (code: DoctorCode, path: string, field = ''): DoctorFound => ({ facts: { folder }, findings: [doctorFinding(SERVER, code, 'configuration', { path, field: field === '' ? 'JSON' : field })] });
    try {
      await access(folder, constants.R_OK | constants.X_OK);
      await access(join(folder, 'master.key'));
      const found = await readConfiguration(folder, overrides);
      this.#configuration = { ...found, database: databaseUrl ?? found.database };
      const { host, port, embedded } = found;
      return { facts: { folder, host, port, embedded, database: this.#configuration.database === null ? 'embedded' : 'PostgreSQL', oldestClient: found.oldestClient }, findings: [] };
    } catch (error) {
      if (error instanceof WrongConfiguration) return told('server-settings-wrong', error.file, error.field);
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT') return told('server-not-initialised', folder);
      if (code === 'EACCES' || code === 'EPERM') return told('server-files-unreadable', folder);
      throw error;
    }
  }

  async #files(): Promise<DoctorFound> {
    if (process.platform === 'win32') return { notRun: 'not on this system' };
    const { folder } = this.#options;
    const seen: SeenFile[] = [];
    const see = async (path: string, secret: boolean): Promise<void> => {
      const { mode, uid } = await lstat(join(folder, path));
      seen.push({ path, mode, owner: uid, secret });
    };
    await see('.', true);
    for (const name of await readdir(folder)) if (!ADMINISTRATORS_OWN.has(name)) await see(name, SECRETS.has(name));
    for (const name of await readdir(join(folder, 'keys'))) await see(join('keys', name), name.endsWith('.pem'));
    return { facts: { looked: seen.length }, findings: judgeFiles(SERVER, seen) };
  }

  /** Whether each key can be read: a damaged one is told by its file, never by what it holds. */
  async #keys(): Promise<DoctorFound> {
    const { folder } = this.#options;
    const wrong: string[] = [];
    for (const name of KEY_FILES) if (!(await holds(join(folder, 'keys', `${name}.pem`), (text) => createPrivateKey(text).type === 'private'))) wrong.push(`keys/${name}.pem`);
    if (!(await holds(join(folder, 'master.key'), (text) => Buffer.from(text.trim(), 'base64url').length === 32))) wrong.push('master.key');
    return { facts: { looked: KEY_FILES.length + 1 }, findings: wrong.map((path) => doctorFinding(SERVER, 'server-key-damaged', 'keys', { path })) };
  }

  async #certificates(): Promise<DoctorFound> {
    const now = this.#options.wallMs();
    const facts: Record<string, number> = {};
    const findings: Finding[] = [];
    for (const name of ['tls', 'link'] as const) {
      const until = new X509Certificate(await this.#certificate(name)).validToDate.getTime();
      facts[`${name}DaysLeft`] = daysLeft(until, now);
      findings.push(...judgeCertificate(SERVER, `keys/${name}.crt`, until, now));
    }
    return { facts, findings };
  }

  #certificate(name: 'tls' | 'link'): Promise<string> {
    return readFile(join(this.#options.folder, 'keys', `${name}.crt`), 'utf8');
  }

  async #process(): Promise<DoctorFound> {
    const inside = await this.#inside;
    if (this.#holder === null) return { facts: { running: false }, findings: [doctorFinding(SERVER, 'server-not-running', 'process')] };
    return { facts: { running: true, process: this.#holder }, findings: inside === 'silent' ? [doctorFinding(SERVER, 'server-hangs', 'process', { process: this.#holder })] : [] };
  }

  async #version(): Promise<DoctorFound> {
    const inside = await this.#inside;
    const installed = packageDescription.version;
    if (inside === undefined || inside === 'silent') return { notRun: 'not running', facts: { installed } };
    return { facts: { running: inside.version, installed }, findings: judgeVersion(SERVER, inside.version, installed) };
  }

  async #port(signal: AbortSignal): Promise<DoctorFound> {
    const inside = await this.#inside;
    const { host = '', port = 0 } = this.#configuration ?? {};
    if (this.#holder === null) {
      if (port === 0) return { notRun: 'any port' };
      try {
        const found = await tryToListen(host, port);
        return { facts: { [port]: found.outcome }, findings: judgePorts(SERVER, [found]) };
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND'))) throw error;
        return { facts: { host }, findings: [doctorFinding(SERVER, 'server-settings-wrong', 'port', { path: join(this.#options.folder, 'service.json'), field: 'host' })] };
      }
    }
    if (inside === undefined || inside === 'silent' || inside.url === null) return { notRun: 'process' };
    const found = await reachOwnPort(new URL(inside.url), await this.#certificate('tls'), signal);
    return { facts: { url: inside.url, [found.port]: found.outcome }, findings: judgePorts(SERVER, [found]) };
  }

  async #database(): Promise<DoctorFound> {
    const known = await readMigrations();
    const inside = await this.#inside;
    if (inside === 'silent') return { notRun: 'process' };
    const lost = (word: string): DoctorFound => ({ facts: { outcome: word }, findings: [doctorFinding(SERVER, 'service.database-unavailable', 'database')] });
    if (inside !== undefined) {
      if (inside.databaseError !== null || inside.schema === null) return lost(inside.databaseError ?? 'no answer');
      return { facts: { milliseconds: inside.databaseMs, steps: inside.schema.length, known: known.length }, findings: judgeSchema(inside.schema, known) };
    }
    const url = this.#configuration?.database ?? null;
    try {
      const ran = await (url === null ? lookAtEmbedded(this.#options.folder) : lookAtPostgresql(url));
      if (ran === null) return { facts: { steps: 0, known: known.length }, findings: [doctorFinding(SERVER, 'server-not-initialised', 'database', { path: url === null ? join(this.#options.folder, 'database') : 'PostgreSQL' })] };
      return { facts: { steps: ran.length, known: known.length }, findings: judgeSchema(ran, known) };
    } catch (error) {
      return lost(databaseWord(error));
    }
  }

  /** The link to each gateway, as the service itself holds it; what it says is put in words as in all diagnostics. */
  async #gateways(): Promise<DoctorFound> {
    const inside = await this.#inside;
    if (inside === undefined || inside === 'silent') return { notRun: 'not running' };
    const now = Date.parse(inside.now);
    const results = inside.gateways.filter(({ state }) => !CHOSEN.has(state)).map(({ id, name, state, code, confirmedAt, ejected }): CheckResult => {
      const ageSeconds = confirmedAt === null ? null : Math.max(0, Math.round((now - Date.parse(confirmedAt)) / 1000));
      return { id: `sync ${id}`, check: 'sync', subject: { kind: 'gateway', gatewayId: id, name }, leg: 'L3', startedAt: inside.now, milliseconds: 0, outcome: { status: 'found', verdict: 'attention', facts: { check: 'sync', state, code, ageSeconds, intervalSeconds: SYNC_INTERVAL_MS / 1000, ejected, changes: [] } }, tried: [] };
    });
    const count = (wanted: string): number => inside.gateways.filter(({ state }) => state === wanted).length;
    return { facts: { registered: inside.gateways.length, available: count('available'), unavailable: count('unavailable') }, findings: findFindings(results) };
  }

  /** Against the database's clock, and by the newest audit entry, which cannot lie in the future. */
  async #clock(): Promise<DoctorFound> {
    const inside = await this.#inside;
    if (inside === undefined || inside === 'silent' || inside.databaseNow === null) return { notRun: 'not running' };
    const now = Date.parse(inside.now);
    const ofDatabase = now - Date.parse(inside.databaseNow);
    const ofEntries = inside.newestEntryAt === null ? 0 : Math.min(0, now - Date.parse(inside.newestEntryAt));
    const difference = Math.abs(ofDatabase) >= Math.abs(ofEntries) ? ofDatabase : ofEntries;
    return { facts: { differenceMs: difference }, findings: judgeClock(SERVER, difference) };
  }

  async #disk(): Promise<DoctorFound> {
    const { folder } = this.#options;
    const leastBytes = this.#configuration?.recordingsFreeBytesAtLeast ?? 0;
    const { bavail, bsize } = await statfs(folder);
    const facts = { freeBytes: bavail * bsize, leastBytes };
    try {
      await access(folder, constants.W_OK);
    } catch {
      // Read-only, or not this account's: whatever the system calls it, nothing is written.
      return { facts, findings: [doctorFinding(SERVER, 'server-disk-unwritable', 'disk', { path: folder })] };
    }
    return { facts, findings: judgeDisk(SERVER, folder, facts.freeBytes, leastBytes) };
  }
}

/** Asks the running service over its socket; `silent` where it takes the question and says nothing. */
async function askInside(folder: string): Promise<Inside> {
  const { over, end } = timeLimit(INSIDE_LIMIT_MS);
  const ask = async (): Promise<Inside> => {
    const outputs = await askRunningService(folder, { command: { command: 'doctor' }, account: userInfo().username });
    if (outputs === undefined) return 'silent';
    for await (const output of outputs) if (output.kind === 'raw') return insideFacts.parse(JSON.parse(output.text));
    return 'silent';
  };
  try {
    return await Promise.race([ask(), over.then(() => 'silent' as const)]);
  } finally {
    end();
  }
}

/** Whether a file is there and holds what it should. */
async function holds(path: string, isGood: (text: string) => boolean): Promise<boolean> {
  try {
    return isGood(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EIO')) throw error;
    // Missing, or no key: what the library says of it may quote it.
    return false;
  }
}
