import { randomBytes } from 'node:crypto';
import type { Problem } from '../../shared/api/route.ts';
import { catalogue } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { connectionReferenceFrom } from '../../shared/ids.ts';
import { InputError } from './bound-route.ts';

/** What fastify itself refuses, by its code, and what that is in the catalogue. */
const FASTIFY_CODES: Readonly<Record<string, MavisError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: new MavisError('request.too-large'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: new MavisError('request.invalid', { field: 'content-type' }),
  FST_ERR_CTP_EMPTY_JSON_BODY: new MavisError('request.invalid', { field: 'body' }),
  FST_ERR_CTP_INVALID_JSON_BODY: new MavisError('request.invalid', { field: 'body' }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: new MavisError('request.invalid', { field: 'content-length' }),
  FST_ERR_BAD_URL: new MavisError('request.invalid', { field: 'path' }),
  FST_ERR_REOPENED_CLOSE_SERVER: new MavisError('service.stopping'),
};

/** What the peer is told of something thrown: the catalogue's error, or `internal` under a new reference where it was unforeseen. */
export function problemOf(thrown: unknown): { error: MavisError; problem: Problem; status: number } {
  const error = mavisErrorOf(thrown);
  const reference = error.reference ?? (error.code === 'internal' ? connectionReferenceFrom(randomBytes(10)) : undefined);
  return { error, problem: { code: error.code, args: { ...error.args }, ...(reference === undefined ? {} : { reference }) }, status: catalogue[error.code].httpStatus };
}

function mavisErrorOf(thrown: unknown): MavisError {
  if (thrown instanceof MavisError) return thrown;
  if (thrown instanceof InputError) return new MavisError('request.invalid', { field: thrown.field });
  const code = codeOf(thrown);
  const known = FASTIFY_CODES[code];
  if (known !== undefined) return known;
  if (isDatabaseLost(thrown)) return new MavisError('service.database-unavailable', {}, { cause: thrown });
  return new MavisError('internal', {}, { cause: thrown });
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}

/** Codes of the socket and of PostgreSQL (class 08 and the shutdowns of class 57) that mean the database cannot be had now. */
const DATABASE_LOST = /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|08[0-9A-Z]{3}|57P0[123])$/;

function isDatabaseLost(thrown: unknown, depth = 0): boolean {
  if (!(thrown instanceof Error) || depth > 4) return false;
  // Drizzle wraps what the driver threw; only then is a socket's code the database's.
  if (thrown.name === 'DrizzleQueryError' || depth > 0) {
    const cause = depth === 0 ? thrown.cause : thrown;
    if (DATABASE_LOST.test(codeOf(cause)) || (cause instanceof Error && /timeout exceeded when trying to connect|Connection terminated/.test(cause.message))) return true;
  }
  return isDatabaseLost(thrown.cause, depth + 1);
}
