import { randomBytes } from 'node:crypto';
import type { Problem } from '../../shared/api/route.ts';
import { catalogue } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { connectionReferenceFrom } from '../../shared/ids.ts';
import { isDatabaseLost } from '../store/database-lost.ts';
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
