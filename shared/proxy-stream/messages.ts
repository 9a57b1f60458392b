import { z } from 'zod';
import { connectionReference, instant, protocol } from '../ids.ts';
import { FrameError } from './frames.ts';

const secret = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** The client's first frame. */
export const hello = z.object({
  version: z.literal(1),
  ticket: secret,
  protocol,
  /** Size of the terminal at the start; absent for the other protocols. */
  terminal: z.object({ columns: z.number().int().min(1).max(1000), rows: z.number().int().min(1).max(1000) }).optional(),
});
export type Hello = z.infer<typeof hello>;

/** Steps that the user sees as they happen (S14). */
export const progressStep = z.enum(['ticket-accepted', 'resolving-target', 'reaching-target', 'target-reached', 'checking-identity', 'signing-on', 'signed-on']);
export type ProgressStep = z.infer<typeof progressStep>;
export const progress = z.object({ step: progressStep, detail: z.string().max(200).default('') });

/** Questions of the sign-on for the user. `name`, `instruction` and `prompt` come from the target: hostile text, shown as such. */
export const prompt = z.object({
  id: z.number().int().min(0),
  kind: z.enum(['user-name-and-password', 'keyboard-interactive']),
  name: z.string().max(200).default(''),
  instruction: z.string().max(2000).default(''),
  prompts: z.array(z.object({ prompt: z.string().max(500), echo: z.boolean() })).max(20),
});
export type Prompt = z.infer<typeof prompt>;
export const promptAnswer = z.object({ id: z.number().int().min(0), answers: z.array(z.string().max(1024)).max(20) });
export type PromptAnswer = z.infer<typeof promptAnswer>;

/** The target has been signed on to; from here the stream carries the protocol. */
export const accepted = z.object({
  reference: connectionReference,
  gatewayVersion: z.string().max(50),
  /** Fingerprint (`SHA256:` base64) of the key that the gateway's SSH server shows in this stream; null for other protocols. */
  sshHostKey: z.string().nullable(),
  /** Fingerprint of the target's own key or certificate. */
  targetIdentity: z.string().nullable(),
  targetEncrypted: z.boolean(),
  /** DER of the certificate that the target showed, base64, for protocols whose client wants to see it: of a certificate longer than 9 KiB a gateway takes no session. */
  targetCertificate: z.base64().max(12_500).nullable().default(null),
  resumeSecret: secret,
  resumeSeconds: z.number().int(),
  epoch: z.number().int().min(0),
  notAfter: instant,
  recording: z.boolean(),
});
export type Accepted = z.infer<typeof accepted>;

/** The connection failed; `code` and `args` are of the error catalogue, `credentialSent` forbids a retry (rule 4). */
export const failed = z.object({
  code: z.string().max(100),
  args: z.record(z.string(), z.union([z.string().max(500), z.number()])).default({}),
  credentialSent: z.boolean(),
});
export type Failed = z.infer<typeof failed>;

/** A first hop is a wire from here on. With its own secret it is one again after a cut, to the same next gateway (rule 10). */
export const forwarding = z.object({ resumeSecret: secret, resumeSeconds: z.number().int().min(0) });
export type Forwarding = z.infer<typeof forwarding>;

/** The first frame of a client that comes back: to the last gateway for the stream, to a first hop for the wire (`received` is 0 there). */
export const resume = z.object({ version: z.literal(1), resumeSecret: secret, epoch: z.number().int().min(1), received: z.number().int().min(0) });
export const resumed = z.object({ epoch: z.number().int().min(1), received: z.number().int().min(0) });

/** Small facts beside the protocol's own bytes, while the stream flows. */
export const streamMessage = z.discriminatedUnion('kind', [
  /** The protocol itself is connected and the recording stands (rule 1). */
  z.object({ kind: z.literal('recording'), recordingId: z.uuid() }),
  z.object({ kind: z.literal('ends-soon'), code: z.string(), secondsLeft: z.number().int() }),
  /** The target refuses to forward; the session goes on without. */
  z.object({ kind: z.literal('forwarding-refused'), what: z.enum(['agent', 'x11']) }),
  /** So many people watch the session now; their names where the policy tells them. */
  z.object({ kind: z.literal('watched'), watchers: z.number().int().min(0), by: z.array(z.string().max(200)).max(20).default([]) }),
]);
export type StreamMessage = z.infer<typeof streamMessage>;

/** Why a stream ended, as a code of the error catalogue (`session.ended` for the ordinary end). */
export const close = z.object({ code: z.string().max(100), args: z.record(z.string(), z.union([z.string().max(500), z.number()])).default({}) });

/** A JSON payload as the schema's value; throws FrameError('bad-payload') for anything else. `decodeUtf8` is the platform's own fatal decoder. */
export function parsePayload<T extends z.ZodType>(schema: T, payload: Uint8Array, decodeUtf8: (bytes: Uint8Array) => string): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(payload));
  } catch {
    throw new FrameError('bad-payload');
  }
  const result = schema.safeParse(value);
  if (!result.success) throw new FrameError('bad-payload');
  return result.data;
}
