import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ErrorArgs, ErrorCode } from '../../shared/errors/catalogue.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import type { ProgressStep, Prompt } from '../../shared/proxy-stream/messages.ts';
import type { WatchSource, Withdraw } from '../watches/watch-source.ts';

/** What a protocol needs to sign on to a target that has been dialled (rule 1: all of it before `accepted`). */
export interface SignOnRequest {
  readonly grant: TargetGrant;
  /** The terminal's size at the start, where the client said one. */
  readonly terminal: { readonly columns: number; readonly rows: number } | undefined;
  /** Connected to the target at the address that was checked (rule 13); the handler owns it from here. */
  readonly targetSocket: Socket;
  readonly progress: (step: ProgressStep, detail?: string) => void;
  /** Puts questions to the user and waits for the answers; rejects where the user cancels or the time is over. */
  readonly ask: (prompt: Omit<Prompt, 'id'>) => Promise<readonly string[]>;
  /** Called before the first byte of a credential goes to the target: from then on no other gateway is tried (rule 4). */
  readonly credentialSent: () => void;
  readonly signal: AbortSignal;
}

/** How a session ended, as a code of the catalogue (`session.ended` for the ordinary end). */
export interface SessionEnd {
  readonly code: ErrorCode;
  readonly args: ErrorArgs;
  readonly exitStatus: number | null;
  readonly signal: string | null;
}

/** What of the user's own machine a target is let to: the SSH agent, the X server. */
export type Forwarded = 'agent' | 'x11';

/** What happens to a forwarding, in order. */
export type ForwardingEvent =
  /** The client asked, the policy allows it, and the target agreed. */
  | { readonly kind: 'granted'; readonly what: Forwarded }
  /** The target refused it; the session goes on without. */
  | { readonly kind: 'refused-by-target'; readonly what: Forwarded }
  /** The target opened a channel to it. */
  | { readonly kind: 'opened'; readonly what: Forwarded }
  /** Such a channel is over; `signatures` were asked of the agent. */
  | { readonly kind: 'closed'; readonly what: Forwarded; readonly signatures: number; readonly bytesFromTarget: number; readonly bytesToTarget: number };

export interface SessionRun {
  /** The client's side of the counted stream: bytes of the protocol, with back-pressure. */
  readonly clientStream: Duplex;
  /** Aborted with a MavisError as its reason where the session must end: time, revocation, a lost link. */
  readonly signal: AbortSignal;
  /** The protocol itself is connected and its recording stands: called once for each recording (rule 1). */
  readonly connected: (recordingId: RecordingId) => void;
  /** Called for each input of the user; the idle limit counts from the last call. */
  readonly activity: () => void;
  /** Told of what the target is let to of the user's machine. */
  readonly forwarding?: (event: ForwardingEvent) => void;
  /** Reaches the target again, at an address that is checked anew, for protocols that change their picture's size by connecting anew (rule 24). The protocol closes what it had before. Rejects with a MavisError of leg L4. */
  readonly dialAgain?: () => Promise<Socket>;
  /** Offers a screen of the session to those who watch it (S58); the function that it gives takes it away. */
  readonly watchable?: (source: WatchSource) => Withdraw;
  /** Tells of each time that the client's connection was cut and taken up again, for the recording; the stream itself goes on. */
  readonly onLine?: (listener: (state: LineState) => void) => void;
}

/** What became of the connection under a session's stream. */
export type LineState = 'interrupted' | 'resumed';

/** A target that has been signed on to, waiting for the client's stream. */
export interface SignedOnTarget {
  readonly sshHostKey: string | null;
  readonly targetIdentity: string | null;
  readonly targetEncrypted: boolean;
  /** DER of the certificate that the target showed, for protocols whose client wants to see it. */
  readonly targetCertificate?: Uint8Array;
  /** Runs the session to its end; never rejects for what a peer does. Seals its recordings before it resolves. */
  run(session: SessionRun): Promise<SessionEnd>;
  /** Leaves the target without a session. */
  abandon(): void;
}

/** One protocol's way of signing on and running. Rejects with a MavisError of leg L4. */
export interface ProtocolHandler {
  signOn(request: SignOnRequest): Promise<SignedOnTarget>;
}
