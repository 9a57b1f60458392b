import { z } from 'zod';
import type { Role } from './roles.ts';

/** Who may call a route: anyone, anyone signed in, or the roles named. */
export type Access = 'anyone' | 'signed-in' | readonly Role[];

/**
 * One route of the central service's HTTP API. The service registers its handler from this record and the client derives
 * its call from it, so that neither can drift from the other; `/v1/openapi.json` is generated from all of them.
 */
export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `:name` parameters, from `/v1`. */
  readonly path: `/v1/${string}`;
  readonly summary: string;
  readonly access: Access;
  /** Whether the request must carry a signature of the client's key over its body (rule 3). */
  readonly signed: boolean;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly response: Response;
  /** What the answer is where it is not JSON: the body is then bytes, and `response` describes nothing. */
  readonly mediaType: 'application/json' | 'application/octet-stream' | 'text/csv' | 'text/event-stream' | 'application/x-asciicast';
  /** Largest body accepted, in bytes. */
  readonly maxBodyBytes: number;
  /** Whether the body may hold text that no store takes, because its handler looks at it piece by piece; elsewhere such a request is refused. */
  readonly anyText: boolean;
}

const nothing = z.object({}).strict();
type Nothing = typeof nothing;

/** An empty answer. */
export const empty = z.object({}).strict();

interface Parts<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>
  extends Pick<Route, 'method' | 'path' | 'summary' | 'access'> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response: R;
  readonly signed?: boolean;
  readonly mediaType?: Route['mediaType'];
  readonly maxBodyBytes?: number;
  readonly anyText?: boolean;
}

/** Completes a route with the defaults: no parameters, no query, no body, JSON, 64 KiB. */
export function defineRoute<R extends z.ZodType, P extends z.ZodType = Nothing, Q extends z.ZodType = Nothing, B extends z.ZodType = Nothing>(
  parts: Parts<P, Q, B, R>,
): Route<P | Nothing, Q | Nothing, B | Nothing, R> & { params: P; query: Q; body: B } {
  return {
    method: parts.method,
    path: parts.path,
    summary: parts.summary,
    access: parts.access,
    signed: parts.signed ?? false,
    params: (parts.params ?? nothing) as P,
    query: (parts.query ?? nothing) as Q,
    body: (parts.body ?? nothing) as B,
    response: parts.response,
    mediaType: parts.mediaType ?? 'application/json',
    maxBodyBytes: parts.maxBodyBytes ?? 64 * 1024,
    anyText: parts.anyText ?? false,
  };
}

/** A page of a list: at most `limit` items after the opaque `cursor` that the page before gave. */
export const pageQuery = z.object({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** A page's answer: `nextCursor` is absent on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/** What every refused request is answered with: a code of the error catalogue, never a sentence and never a stack trace. */
export const problem = z.object({
  code: z.string(),
  args: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  reference: z.string().optional(),
});
export type Problem = z.infer<typeof problem>;
