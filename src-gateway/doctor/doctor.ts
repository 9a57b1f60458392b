import { X509Certificate } from 'node:crypto';
import { access, constants, lstat, readdir, readFile, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { doctorFinding, type Server } from '../../shared/diagnostics/doctor/doctor-findings.ts';
import { type DoctorReport, type DoctorResult, makeDoctorReport } from '../../shared/diagnostics/doctor/doctor-report.ts';
import { daysLeft, judgeCertificate, judgeClock, judgeDisk, judgeFiles, judgePorts, judgeVersion, type OwnPort, type SeenFile } from '../../shared/diagnostics/doctor/judgements.ts';
import { type DoctorCheck, type DoctorFound, runDoctorChecks } from '../../shared/diagnostics/doctor/run-doctor.ts';
import { isErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { protocol } from '../../shared/ids.ts';
import { servicePinAnnouncement } from '../../shared/link/messages.ts';
import { PROXY_ALPN } from '../../shared/proxy-stream/frames.ts';
import { readConfigurationFile, type VerifiedConfiguration } from '../configuration/configuration-file.ts';
import { type DataFolder, dataFolderPaths } from '../configuration/data-folder.ts';
import { lockHolder } from '../configuration/data-folder-lock.ts';
import { defaultSettings, type ReadSettings, readSettings } from '../configuration/gateway-settings.ts';
import { gatewayFingerprint } from '../keys/fingerprint.ts';
import { readGatewayKeys } from '../keys/gateway-keys.ts';
import { readAuditHeads } from '../link/audit-heads.ts';
import { ServicePins } from '../link/service-pins.ts';
import { PortMapInForce } from '../proxy-port/port-map.ts';
import { readStatusFile } from '../status/status-file.ts';
import { lookAtJournal } from './read-journal.ts';
import { reachOwnPort, tryToListen } from './own-ports.ts';
import { timeLimit } from './time-limit.ts';

const SERVER: Server = 'mavis-gateway';
/** Files that an administrator writes, under whichever account. */
const ADMINISTRATORS_OWN: ReadonlySet<string> = new Set(['settings.json']);
const LIMIT_MS = 5000;
/** A running gateway writes its status every five seconds. */
const STATUS_LIMIT_MS = 7000;

export interface DoctorOptions {
  readonly data: string;
  readonly installed: string;
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
}

/** `mavis-gateway doctor`: looks at the gateway from its own machine, whether it runs or not, and changes nothing. Never rejects; takes less than 10 s. */
export async function lookAtGateway({ data, installed, wallMs, monotonicMs }: DoctorOptions): Promise<DoctorReport> {
  const begun = monotonicMs();
  const startedAt = new Date(wallMs()).toISOString();
  const folder = dataFolderPaths(resolve(data));
  const look = new Look(folder, installed, wallMs);
  const results = await runDoctorChecks(await look.checks(), { monotonicMs, limit: timeLimit });
  return makeDoctorReport({ program: SERVER, programVersion: installed, startedAt, milliseconds: Math.round(monotonicMs() - begun) }, results);
}

/** What was read once and several checks need; undefined where it could not be read, which the check of it tells. */
class Look {
  readonly #folder: DataFolder;
  readonly #installed: string;
  readonly #wallMs: () => number;
  #verified: VerifiedConfiguration | undefined;
  #holder: number | null = null;

  constructor(folder: DataFolder, installed: string, wallMs: () => number) {
    this.#folder = folder;
    this.#installed = installed;
    this.#wallMs = wallMs;
  }

  async checks(): Promise<readonly DoctorCheck<AbortSignal>[]> {
    const reading = await this.#reading();
    if (reading !== undefined) return [{ check: 'configuration', limitMs: LIMIT_MS, run: async () => reading }];
    this.#holder = await lockHolder(this.#folder.lock);
    const check = (name: DoctorResult['check'], run: DoctorCheck<AbortSignal>['run'], limitMs = LIMIT_MS): DoctorCheck<AbortSignal> => ({ check: name, limitMs, run });
    return [
      check('configuration', () => this.#configuration()),
      check('files', () => this.#files()),
      check('keys', () => this.#keys()),
      check('certificate', () => this.#certificate()),
      check('process', (signal) => this.#process(signal)),
      check('version', (signal) => this.#version(signal), STATUS_LIMIT_MS),
      check('port', (signal) => this.#ports(signal)),
      check('link', (signal) => this.#link(signal), STATUS_LIMIT_MS),
      check('clock', () => this.#clock()),
      check('disk', () => this.#disk()),
      check('journal', () => this.#journal()),
      check('recordings', (signal) => this.#recordings(signal), STATUS_LIMIT_MS),
    ];
  }

  /** Whether there is a data folder that this account may read, and a configuration in it; what it says where not. */
  async #reading(): Promise<DoctorFound | undefined> {
    const { path, configuration } = this.#folder;
    try {
      await access(path, constants.R_OK | constants.X_OK);
      await access(configuration, constants.R_OK);
      this.#verified = await readConfigurationFile(configuration);
      return undefined;
    } catch (error) {
      // A file that is there and does not hold is told beside all else.
      if (error instanceof MavisError) return undefined;
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT') return { facts: { folder: path }, findings: [doctorFinding(SERVER, 'server-not-initialised', 'configuration', { path })] };
      if (code === 'EACCES' || code === 'EPERM') return { facts: { folder: path }, findings: [doctorFinding(SERVER, 'server-files-unreadable', 'configuration', { path })] };
      throw error;
    }
  }

  async #configuration(): Promise<DoctorFound> {
    const { configuration: file, settings: settingsFile, portMap } = this.#folder;
    const findings = [];
    const facts: Record<string, string | number | boolean | null> = { folder: this.#folder.path };
    try {
      const { configuration, serviceFingerprint } = await readConfigurationFile(file);
      const pins = await ServicePins.open(configuration, this.#folder.announcedPins);
      const { current } = await PortMapInForce.open(configuration, portMap);
      const map = protocol.options.map((one) => `${one} ${current.portPreference[one].map((equals) => equals.join('/')).join('>')}`).join('; ');
      Object.assign(facts, { gateway: configuration.name, segment: configuration.segment, issuedAt: configuration.issuedAt, serviceFingerprint, pinsOfService: pins.inForce.length, portMap: map, over443: current.over443 });
    } catch (error) {
      if (!(error instanceof MavisError)) throw error;
      findings.push(doctorFinding(SERVER, error.code, 'configuration', { ...error.args }));
    }
    try {
      const { fallenBack } = await readSettings(settingsFile);
      if (fallenBack.length > 0) findings.push(doctorFinding(SERVER, 'server-settings-ignored', 'configuration', { path: settingsFile, field: fallenBack.join(', ').slice(0, 300) }));
    } catch (error) {
      if (!(error instanceof MavisError)) throw error;
      findings.push(doctorFinding(SERVER, 'server-settings-wrong', 'configuration', { path: settingsFile, field: 'JSON' }));
    }
    return { facts, findings };
  }

  async #files(): Promise<DoctorFound> {
    if (process.platform === 'win32') return { notRun: 'not on this system' };
    const seen: SeenFile[] = [];
    const see = async (path: string, secret: boolean): Promise<void> => {
      const { mode, uid } = await lstat(join(this.#folder.path, path));
      seen.push({ path, mode, owner: uid, secret });
    };
    await see('.', true);
    for (const name of await readdir(this.#folder.path)) if (!ADMINISTRATORS_OWN.has(name)) await see(name, name === 'keys');
    for (const name of await filesIn(this.#folder.keys)) await see(join('keys', name), true);
    return { facts: { looked: seen.length }, findings: judgeFiles(SERVER, seen) };
  }

  async #keys(): Promise<DoctorFound> {
    const keys = await this.#readKeys();
    if (keys === undefined) return { facts: {}, findings: [doctorFinding(SERVER, 'server-key-damaged', 'keys', { path: this.#folder.keys })] };
    return { facts: { fingerprint: gatewayFingerprint(keys.publicKeys), tlsPin: keys.tlsPin }, findings: [] };
  }

  /** Undefined where they are missing or damaged. */
  async #readKeys(): Promise<NonNullable<Awaited<ReturnType<typeof readGatewayKeys>>> | undefined> {
    try {
      return (await readGatewayKeys(this.#folder.keys)) ?? undefined;
    } catch (error) {
      // Damaged keys say so in many ways; what the system refuses is another matter.
      if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EIO')) throw error;
      return undefined;
    }
  }

  async #certificate(): Promise<DoctorFound> {
    const keys = await this.#readKeys();
    if (keys === undefined) return { notRun: 'keys' };
    const until = new X509Certificate(keys.tlsCertificatePem).validToDate.getTime();
    return { facts: { daysLeft: daysLeft(until, this.#wallMs()) }, findings: judgeCertificate(SERVER, 'keys/tls-certificate.pem', until, this.#wallMs()) };
  }

  async #process(signal: AbortSignal): Promise<DoctorFound> {
    if (this.#holder === null) return { facts: { running: false }, findings: [doctorFinding(SERVER, 'server-not-running', 'process')] };
    const ports = await this.#reached(signal);
    const hangs = ports.length > 0 && ports.every(({ outcome }) => outcome === 'silent');
    return { facts: { running: true, process: this.#holder }, findings: hangs ? [doctorFinding(SERVER, 'server-hangs', 'process', { process: this.#holder })] : [] };
  }

  async #ports(signal: AbortSignal): Promise<DoctorFound> {
    if (this.#verified === undefined) return { notRun: 'configuration' };
    const { host, linkPort, proxyPorts } = this.#verified.configuration.listen;
    const running = this.#holder !== null;
    const ports = running ? await this.#reached(signal) : await Promise.all([linkPort, ...proxyPorts].map((port) => tryToListen(host, port)));
    return { facts: Object.fromEntries(ports.map(({ port, outcome }) => [String(port), outcome])), findings: judgePorts(SERVER, ports) };
  }

  async #reached(signal: AbortSignal): Promise<readonly OwnPort[]> {
    const keys = await this.#readKeys();
    if (this.#verified === undefined || keys === undefined) return [];
    const { host, linkPort, proxyPorts } = this.#verified.configuration.listen;
    return Promise.all([linkPort, ...proxyPorts].map((port) => reachOwnPort({ host, port, alpn: port === linkPort ? 'http/1.1' : PROXY_ALPN }, [keys.tlsPin], signal)));
  }

  /** What the running gateway last wrote; waits for the first where it has just begun. Undefined where none runs. */
  async #status(signal: AbortSignal): Promise<NonNullable<Awaited<ReturnType<typeof readStatusFile>>> | undefined> {
    while (this.#holder !== null) {
      const found = await readStatusFile(this.#folder.status);
      if (found !== null && found.process === this.#holder) return found;
      await wait(200, undefined, { signal });
    }
    return undefined;
  }

  async #version(signal: AbortSignal): Promise<DoctorFound> {
    const status = await this.#status(signal);
    if (status === undefined) return { notRun: 'not running', facts: { installed: this.#installed } };
    return { facts: { running: status.report.version, installed: this.#installed }, findings: judgeVersion(SERVER, status.report.version, this.#installed) };
  }

  /** A gateway never dials the service: whether it is reached by it shows in the link that the service holds. */
  async #link(signal: AbortSignal): Promise<DoctorFound> {
    const status = await this.#status(signal);
    if (status === undefined || this.#verified === undefined) return { notRun: 'not running' };
    const { linkPort } = this.#verified.configuration.listen;
    return { facts: { port: linkPort, connections: status.links }, findings: status.links > 0 ? [] : [doctorFinding(SERVER, 'server-no-link', 'link', { ports: String(linkPort) }, [linkPort])] };
  }

  /** By what the service has signed with its time: none of it can lie in the future. */
  async #clock(): Promise<DoctorFound> {
    if (this.#verified === undefined) return { notRun: 'configuration' };
    const { issuedAt, name } = this.#verified.configuration;
    const heads = await readAuditHeads(this.#folder.auditHeads);
    const signed = [issuedAt, await announcedAt(this.#folder.announcedPins), heads.at(-1)?.signedAt].flatMap((at) => (at === undefined ? [] : [Date.parse(at)]));
    const newest = Math.max(...signed);
    return { facts: { newestSignedAt: new Date(newest).toISOString() }, findings: judgeClock(SERVER, Math.max(0, newest - this.#wallMs()), { gateway: name }) };
  }

  async #disk(): Promise<DoctorFound> {
    const { path } = this.#folder;
    const { spoolFreeBytesAtLeast } = await this.#settings();
    const { bavail, bsize } = await statfs(path);
    const freeBytes = bavail * bsize;
    const facts = { freeBytes, leastBytes: spoolFreeBytesAtLeast };
    try {
      await access(path, constants.W_OK);
    } catch {
      // Read-only, or not this account's: whatever the system calls it, nothing is written.
      return { facts, findings: [doctorFinding(SERVER, 'server-disk-unwritable', 'disk', { path })] };
    }
    return { facts, findings: judgeDisk(SERVER, path, freeBytes, spoolFreeBytesAtLeast) };
  }

  async #settings(): Promise<ReadSettings['settings']> {
    try {
      return (await readSettings(this.#folder.settings)).settings;
    } catch (error) {
      // Told by the check of the configuration.
      if (error instanceof MavisError) return defaultSettings();
      throw error;
    }
  }

  async #journal(): Promise<DoctorFound> {
    if ((await filesIn(this.#folder.journal)).length === 0) return { facts: { segments: 0 }, findings: [] };
    const { segments, lastSequence, broken } = await lookAtJournal(this.#folder.journal);
    return { facts: { segments, lastSequence }, findings: broken === null ? [] : [doctorFinding(SERVER, 'server-journal-broken', 'journal', { from: broken.from, to: broken.to })] };
  }

  /** What the running gateway itself says runs short, and how much waits for the service. */
  async #recordings(signal: AbortSignal): Promise<DoctorFound> {
    const status = await this.#status(signal);
    if (status === undefined || this.#verified === undefined) return { notRun: 'not running', facts: { waiting: (await filesIn(join(this.#folder.path, 'spool'))).length } };
    const { report } = status;
    const gateway = this.#verified.configuration.name;
    const ports = report.ports.filter(({ open }) => !open).map(({ port }) => port).join(', ');
    return {
      facts: { canRecord: report.canRecord, kept: report.recordings.length, sessions: report.sessions, draining: report.draining },
      // A closed port is told by the check of the ports.
      findings: report.shortages.filter((code) => code !== 'gateway.port-closed').map((code) => (isErrorCode(code) ? doctorFinding(SERVER, code, 'recordings', { gateway, ports }) : doctorFinding(SERVER, 'newer-code', 'recordings', { code }))),
    };
  }
}

/** Names in a folder; none where there is no folder yet. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** When the service announced its keys last; undefined where it has not, or the file does not hold, which the pins then do without as well. */
async function announcedAt(path: string): Promise<string | undefined> {
  try {
    return servicePinAnnouncement.safeParse(JSON.parse(await readFile(path, 'utf8'))).data?.issuedAt;
  } catch {
    return undefined;
  }
}
