import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Route } from '../../shared/api/route.ts';
import type { User } from '../../shared/api/users.ts';
import { unstorableField } from '../../shared/storable-text.ts';
import type { AuditActor } from '../audit/audit-log.ts';

/** What a handler knows of a request from anyone. */
export interface OpenContext {
  /** The peer's IP address. */
  readonly address: string;
  /** Aborted when the peer hangs up or the service stops. */
  readonly signal: AbortSignal;
}

/** What a handler knows of a request of someone who is signed in and whose role may call the route. */
export interface RequestContext extends OpenContext {
  readonly user: User;
  /** The user as actor of audit entries. */
  readonly actor: AuditActor;
  /** SHA-256 of the session token, base64url: names the session, gives nothing away. */
  readonly tokenSha256: string;
  /** SHA-256 of the SubjectPublicKeyInfo of the client's key to which the session is bound (rule 3). */
  readonly clientKeyThumbprint: string;
  /** When the session token ends at the latest. */
  readonly sessionExpiresAt: Date;
}

/** An answer that is not JSON: the route's media type says so. */
export class BytesAnswer {
  readonly body: Readable | Uint8Array | string;
  readonly fileName: string | undefined;

  /** `fileName` is offered to browsers: letters, digits, dots and dashes only. */
  constructor(body: Readable | Uint8Array | string, fileName?: string) {
    if (fileName !== undefined && !/^[A-Za-z0-9._-]{1,100}$/.test(fileName)) throw new RangeError('file name of an answer');
    this.body = body;
    this.fileName = fileName;
  }
}

/** The parsed parts of a request. */
export interface HandlerInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

/** A route with the types of its parts. */
interface TypedRoute<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> extends Route {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly response: R;
}

/** What came in, not yet parsed. */
export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A route with its handler: parsing before and after is in it, so that a handler never sees what was not parsed. */
export type BoundRoute =
  | { readonly kind: 'open'; readonly route: Route; run(input: RawInput, context: OpenContext): Promise<unknown> }
  | { readonly kind: 'signed-in'; readonly route: Route; run(input: RawInput, context: RequestContext): Promise<unknown> };

/** Binds a handler to a route that needs a sign-in. What it gives is parsed by the route's `response`: fields that the API does not name never leave. */
export function handle<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  route: TypedRoute<P, Q, B, R>,
  handler: (input: HandlerInput<P, Q, B>, context: RequestContext) => Promise<z.input<R> | BytesAnswer>,
): BoundRoute {
  if (route.access === 'anyone') throw new TypeError(`${route.path} is open to anyone: use handleOpen`);
  return { kind: 'signed-in', route, run: async (input, context) => answerOf(route, await handler(parseInput(route, input), context)) };
}

/** Binds a handler to a route that anyone may call. */
export function handleOpen<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType>(
  route: TypedRoute<P, Q, B, R>,
  handler: (input: HandlerInput<P, Q, B>, context: OpenContext) => Promise<z.input<R> | BytesAnswer>,
): BoundRoute {
  if (route.access !== 'anyone') throw new TypeError(`${route.path} needs a sign-in: use handle`);
  return { kind: 'open', route, run: async (input, context) => answerOf(route, await handler(parseInput(route, input), context)) };
}

function parseInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(route: { params: P; query: Q; body: B; anyText: boolean }, { params, query, body }: RawInput): HandlerInput<P, Q, B> {
  const parsed = { params: parsePart(route.params, params), query: parsePart(route.query, query), body: parsePart(route.body, body) };
  if (route.anyText) return parsed;
  for (const part of [parsed.params, parsed.query, parsed.body]) {
    const field = unstorableField(part);
    if (field !== undefined) throw new InputError(printableField(field));
  }
  return parsed;
}

/** Told from other ZodErrors, so that only what the caller sent is the caller's fault. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly field: string;

  constructor(field: string) {
    super('the request is not of the form');
    this.field = field;
  }
}

function parsePart<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(printableField((issue?.path ?? []).join('.')));
}

/** Names of fields in a record are the caller's own. */
function printableField(field: string): string {
  return field.slice(0, 100).replaceAll(/[\p{Cc}\p{Cs}]/gu, '_');
}

function answerOf(route: Route, answer: unknown): unknown {
  if (answer instanceof BytesAnswer) {
    if (route.mediaType === 'application/json') throw new TypeError(`${route.path} answers with JSON`);
    return answer;
  }
  if (route.mediaType !== 'application/json') throw new TypeError(`${route.path} answers with bytes`);
  return route.response.parse(answer);
}
