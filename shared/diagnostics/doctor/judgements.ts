import type { Finding } from '../diagnosis-run.ts';
import { doctorFinding, type Server } from './doctor-findings.ts';

const MEBIBYTE = 1024 * 1024;
const DAY_MS = 86_400_000;
/** Soon enough to plan for a quiet hour. */
const CERTIFICATE_WARNING_DAYS = 30;
/** Signed requests and grants are judged by clocks: beyond this people notice first. */
const CLOCK_TOLERANCE_MS = 10_000;
/** Paths that one sentence names. */
const NAMED_PATHS = 3;

/** A file or folder of a server's data folder, as the system tells of it. */
export interface SeenFile {
  /** Relative to the data folder; `.` is the folder itself. */
  readonly path: string;
  readonly mode: number;
  readonly owner: number;
  /** Nobody else may get at it: the folder itself, and what holds secrets. */
  readonly secret: boolean;
}

/** Whether others get at what is secret, and whether something belongs to another account than the folder that it lies in. */
export function judgeFiles(server: Server, files: readonly SeenFile[]): Finding[] {
  const folder = files.find(({ path }) => path === '.');
  const open = files.filter(({ mode, secret }) => secret && (mode & 0o077) !== 0);
  const foreign = files.filter(({ owner }) => folder !== undefined && owner !== folder.owner);
  return [
    ...(open.length === 0 ? [] : [doctorFinding(server, 'server-files-open', 'files', { path: named(open), count: open.length })]),
    ...(foreign.length === 0 ? [] : [doctorFinding(server, 'server-files-foreign', 'files', { path: named(foreign), count: foreign.length })]),
  ];
}

function named(files: readonly SeenFile[]): string {
  const paths = files.map(({ path }) => path);
  return paths.length > NAMED_PATHS ? `${paths.slice(0, NAMED_PATHS).join(', ')} …` : paths.join(', ');
}

/** Whether there is room where a server writes. */
export function judgeDisk(server: Server, path: string, freeBytes: number, leastBytes: number): Finding[] {
  return freeBytes >= leastBytes ? [] : [doctorFinding(server, 'server-disk-low', 'disk', { path, megabytes: Math.floor(freeBytes / MEBIBYTE) })];
}

/** Whole days that a certificate still holds; negative when it is over. */
export function daysLeft(validUntilMs: number, nowMs: number): number {
  return Math.floor((validUntilMs - nowMs) / DAY_MS);
}

export function judgeCertificate(server: Server, path: string, validUntilMs: number, nowMs: number): Finding[] {
  return daysLeft(validUntilMs, nowMs) >= CERTIFICATE_WARNING_DAYS ? [] : [doctorFinding(server, 'server-certificate-ending', 'certificate', { path, date: new Date(validUntilMs).toISOString().slice(0, 10) })];
}

/** Whether a clock is off, by what another says or by an instant that cannot be in the future. */
export function judgeClock(server: Server, differenceMs: number, args: Finding['args'] = {}): Finding[] {
  if (Math.abs(differenceMs) <= CLOCK_TOLERANCE_MS) return [];
  return [doctorFinding(server, server === 'mavis-service' ? 'clock-of-service' : 'clock-of-gateway', 'clock', { ...args, seconds: Math.round(Math.abs(differenceMs) / 1000) })];
}

export function judgeVersion(server: Server, running: string, installed: string): Finding[] {
  return running === installed ? [] : [doctorFinding(server, 'server-version-differs', 'version', { version: running, installed })];
}

/** What a try to listen on a port of a program that does not run, or to reach one of a program that runs, came to; `silent`: it is open and says nothing. */
export interface OwnPort {
  readonly port: number;
  readonly outcome: 'free' | 'taken' | 'forbidden' | 'own' | 'wrong-key' | 'closed' | 'silent';
}

/** Ports of a server, told together where the same is wrong with several. Silence is told of the process. */
export function judgePorts(server: Server, ports: readonly OwnPort[]): Finding[] {
  const causes = { taken: 'server-port-taken', forbidden: 'server-port-forbidden', 'wrong-key': 'server-wrong-key', closed: 'server-port-closed' } as const;
  return (['taken', 'forbidden', 'wrong-key', 'closed'] as const).flatMap((outcome) => {
    const concerned = ports.filter((one) => one.outcome === outcome).map(({ port }) => port);
    return concerned.length === 0 ? [] : [doctorFinding(server, causes[outcome], 'port', { ports: concerned.join(', ') })];
  });
}

/** Steps of the schema that ran, against those that a version brings: all of them, fewer, or others. */
export function judgeSchema(ran: readonly { readonly name: string; readonly sha256: string }[], known: readonly { readonly name: string; readonly sha256: string }[]): Finding[] {
  const foreign = ran.find(({ name, sha256 }, index) => known[index]?.name !== name || known[index]?.sha256 !== sha256);
  if (foreign !== undefined) return [doctorFinding('mavis-service', 'server-database-foreign', 'database', { name: foreign.name })];
  return ran.length < known.length ? [doctorFinding('mavis-service', 'server-database-behind', 'database', { count: known.length - ran.length })] : [];
}
