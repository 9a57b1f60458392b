import pino from 'pino';
import type { DestinationStream } from 'pino';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/**
 * What a line of the log may say beside its message: nothing else is taken, so that no secret gets in by an object that was
 * passed whole (B16). Texts from outside are JSON strings on one line (B14).
 */
export interface LogFields {
  readonly reference?: string | null | undefined;
  readonly connectionId?: string | undefined;
  readonly recordingId?: string | undefined;
  readonly gatewayId?: string | undefined;
  readonly gatewayName?: string | undefined;
  readonly segment?: string | null | undefined;
  readonly resourceId?: string | undefined;
  readonly userId?: string | undefined;
  readonly role?: string | undefined;
  readonly route?: string | undefined;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly milliseconds?: number | undefined;
  readonly code?: string | undefined;
  readonly leg?: string | undefined;
  readonly state?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly sequence?: number | undefined;
  readonly epoch?: number | undefined;
  readonly count?: number | undefined;
  readonly bytes?: number | undefined;
  readonly part?: string | undefined;
  readonly version?: string | undefined;
  readonly error?: unknown;
}

const ALLOWED = new Set<string>([
  'reference', 'connectionId', 'recordingId', 'gatewayId', 'gatewayName', 'segment', 'resourceId', 'userId', 'role', 'route', 'method', 'status',
  'milliseconds', 'code', 'leg', 'state', 'address', 'port', 'sequence', 'epoch', 'count', 'bytes', 'part', 'version', 'error',
] satisfies (keyof LogFields)[]);

/** Writes the program's own log: JSON lines, in English. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A log on `destination`, by default standard error. Messages are constants of the code, never made of what came from outside. */
export function createLog(level: LogLevel, destination: DestinationStream = pino.destination({ dest: 2, sync: true })): Log {
  const sink = pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message' }, destination);
  const write = (to: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields: LogFields = {}) => sink[to](allowed(fields), message);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function allowed(fields: LogFields): Record<string, unknown> {
  const kept = Object.entries(fields).filter(([key, value]) => ALLOWED.has(key) && value !== undefined);
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'error' ? describeError(value) : value]));
}

/** Depth of causes that is told: a query's error wraps the driver's, which wraps the socket's. */
const MAX_CAUSES = 4;

/**
 * An error without its message, which may quote values (a failed query quotes its parameters): what kind, the codes that
 * systems and the database give, and where it was thrown.
 */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const stack = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at ')).slice(0, 12).map((line) => line.trim());
  return {
    type: error.name,
    ...(error instanceof MavisError ? { code: error.code } : {}),
    ...safeText(error, 'code'),
    ...safeText(error, 'syscall'),
    ...safeText(error, 'constraint'),
    ...safeText(error, 'table'),
    ...safeText(error, 'routine'),
    stack,
    ...(error.cause !== undefined && depth < MAX_CAUSES ? { cause: describeError(error.cause, depth + 1) } : {}),
  };
}

/** A property that is a name by its form: letters, digits, dots and dashes. */
function safeText(error: Error, key: string): Record<string, string> {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' && /^[A-Za-z0-9_.-]{1,80}$/.test(value) ? { [key]: value } : {};
}
