import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';

/** What a line of the log may hold; anything else never reaches the file. No secret, no input, no output, no file's content. */
export interface LogFields {
  readonly reference?: string | null | undefined;
  readonly sessionId?: string | undefined;
  readonly connectionId?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly profileId?: string | undefined;
  readonly gatewayName?: string | undefined;
  readonly code?: ErrorCode | string | undefined;
  readonly leg?: string | undefined;
  readonly step?: string | undefined;
  readonly route?: string | undefined;
  readonly status?: string | number | undefined;
  readonly call?: string | undefined;
  readonly role?: string | undefined;
  readonly port?: number | undefined;
  readonly attempt?: number | undefined;
  readonly milliseconds?: number | undefined;
  readonly count?: number | undefined;
  readonly bytes?: number | undefined;
  readonly file?: string | undefined;
  readonly keys?: string | undefined;
  readonly reason?: string | undefined;
  readonly exitCode?: number | null | undefined;
  readonly version?: string | undefined;
  readonly engine?: string | undefined;
  readonly platform?: string | undefined;
}

const ALLOWED: ReadonlySet<string> = new Set([
  'reference', 'sessionId', 'connectionId', 'resourceId', 'profileId', 'gatewayName', 'code', 'leg', 'step', 'route', 'status', 'call', 'role', 'port',
  'attempt', 'milliseconds', 'count', 'bytes', 'file', 'keys', 'reason', 'exitCode', 'version', 'engine', 'platform',
] satisfies (keyof LogFields)[]);

/** A longer word is cut: a log line stays a line. */
const MAX_FIELD_LENGTH = 500;
/** Enough frames to find the place; the rest is the runtime's own. */
const MAX_STACK_LENGTH = 2000;

const LEVELS = { info: 30, warn: 40, error: 50 } as const;
export type LogLevel = keyof typeof LEVELS;

/** Where finished lines go. */
export type LogSink = (line: string) => void;

export interface Log {
  info(message: string, fields?: LogFields): void;
  /** `thrown` is told by its name, code and stack; a MavisError by its code alone. */
  warn(message: string, fields?: LogFields, thrown?: unknown): void;
  error(message: string, fields?: LogFields, thrown?: unknown): void;
}

/** A log of JSON lines in pino's form: `level`, `time` (milliseconds since 1970), `pid`, `msg`, then the allowed fields. */
export function createLog(sinks: readonly LogSink[], clock: () => number, processId: number): Log {
  const write = (level: LogLevel, message: string, fields: LogFields = {}, thrown?: unknown): void => {
    const line = `${JSON.stringify({ level: LEVELS[level], time: clock(), pid: processId, msg: message, ...allowed(fields), ...described(thrown) })}\n`;
    for (const sink of sinks) sink(line);
  };
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields, thrown) => write('warn', message, fields, thrown),
    error: (message, fields, thrown) => write('error', message, fields, thrown),
  };
}

function allowed(fields: LogFields): Record<string, string | number | null> {
  const kept: Record<string, string | number | null> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!ALLOWED.has(name)) continue;
    if (typeof value === 'string') kept[name] = value.slice(0, MAX_FIELD_LENGTH);
    else if (typeof value === 'number' || value === null) kept[name] = value;
  }
  return kept;
}

/** What is told of an error. Messages of the catalogue are codes; of the runtime's errors the code and where it was thrown, never the message, which may quote data. */
function described(thrown: unknown): { error?: { name: string; code?: string; stack?: string; cause?: { name: string; code?: string; stack?: string } } } {
  if (thrown === undefined) return {};
  const error = one(thrown);
  const cause = thrown instanceof MavisError && thrown.cause !== undefined ? one(thrown.cause) : undefined;
  return { error: cause ? { ...error, cause } : error };
}

function one(thrown: unknown): { name: string; code?: string; stack?: string } {
  if (!(thrown instanceof Error)) return { name: typeof thrown };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
  const frames = thrown.stack?.split('\n').filter((line) => line.trimStart().startsWith('at ')).join('\n').slice(0, MAX_STACK_LENGTH);
  return { name: thrown.name, ...(code === undefined ? {} : { code }), ...(frames === undefined || frames === '' ? {} : { stack: frames }) };
}
