import { pino, type DestinationStream } from 'pino';
import type { ConnectionReference } from '../../shared/ids.ts';

/**
 * What may stand in a log line. Anything else that is handed over is left out at run time as well: we list what may be
 * logged, never what may not.
 */
export interface LogFields {
  /** The connection's reference, shared with user, helpdesk and audit log. */
  readonly reference?: ConnectionReference | null | undefined;
  readonly connectionId?: string | undefined;
  readonly recordingId?: string | undefined;
  /** A peer's address. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly protocol?: string | undefined;
  /** A code of the error catalogue, or of the operating system. */
  readonly code?: string | undefined;
  /** A word out of a list in the source, never text of a peer. */
  readonly what?: string | undefined;
  readonly method?: string | undefined;
  readonly alpn?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly milliseconds?: number | undefined;
  readonly bytes?: number | undefined;
  readonly count?: number | undefined;
  readonly sequence?: number | undefined;
  readonly version?: string | undefined;
  /** An error: its name, its code and where it was thrown are logged, its message is not (it may quote what was being read). */
  readonly error?: unknown;
}

const ALLOWED = ['reference', 'connectionId', 'recordingId', 'address', 'port', 'protocol', 'code', 'what', 'method', 'alpn', 'fingerprint', 'milliseconds', 'bytes', 'count', 'sequence', 'version'] as const;
/** Longer texts are cut: a log line stays readable and no peer can fill the disk by one. */
const MAX_TEXT = 200;
/** Frames of a stack that are logged. */
const MAX_STACK_FRAMES = 8;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A logger that writes lines of JSON to `destination` (standard error in the product). Messages are fixed English sentences. */
export function createLogger(destination: DestinationStream, level: LogLevel): Logger {
  const sink = pino({ level, base: { program: 'mavis-gateway' }, timestamp: pino.stdTimeFunctions.isoTime, messageKey: 'message', formatters: { level: (label) => ({ level: label }) } }, destination);
  return {
    debug: (message, fields) => sink.debug(allowedFields(fields), message),
    info: (message, fields) => sink.info(allowedFields(fields), message),
    warn: (message, fields) => sink.warn(allowedFields(fields), message),
    error: (message, fields) => sink.error(allowedFields(fields), message),
  };
}

/** The fields that may be logged, bounded in length. */
export function allowedFields(fields: LogFields = {}): Record<string, string | number | string[]> {
  const kept: Record<string, string | number | string[]> = {};
  for (const name of ALLOWED) {
    const value = fields[name];
    if (typeof value === 'number') kept[name] = value;
    else if (typeof value === 'string') kept[name] = value.slice(0, MAX_TEXT);
  }
  if (fields.error instanceof Error) describeError(fields.error, kept);
  return kept;
}

function describeError(error: Error, kept: Record<string, string | number | string[]>): void {
  kept['errorName'] = error.name.slice(0, MAX_TEXT);
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'string') kept['errorCode'] = code.slice(0, MAX_TEXT);
  const stack = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  if (stack.length > 0) kept['stack'] = stack.slice(0, MAX_STACK_FRAMES).map((line) => line.trim());
  if (error.cause instanceof Error) {
    kept['causeName'] = error.cause.name.slice(0, MAX_TEXT);
    const causeCode = 'code' in error.cause ? error.cause.code : undefined;
    if (typeof causeCode === 'string') kept['causeCode'] = causeCode.slice(0, MAX_TEXT);
  }
}
