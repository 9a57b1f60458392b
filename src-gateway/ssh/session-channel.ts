import type { Duplex } from 'node:stream';
import type { AcceptConnection, ClientChannel, PseudoTtyInfo, PseudoTtyOptions, RejectConnection, ServerChannel, Session, SetEnvInfo, WindowChangeInfo, X11Info, X11Options } from 'ssh2';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingId } from '../../shared/ids.ts';
import type { TargetGrant } from '../../shared/link/messages.ts';
import { restrictsFiles } from '../../shared/policy/file-rules.ts';
import type { RequestPayload, TerminalSize } from '../../shared/recording/recording-frame.ts';
import { passedExitSignal } from '../../shared/ssh/exit-signal.ts';
import type { Clock } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import type { ChannelRecorder } from '../recordings/channel-recorder.ts';
import type { RecordingSpool } from '../recordings/recording-spool.ts';
import type { Forwarded, LineState } from '../sessions/protocol-handler.ts';
import { faultCode, sessionWork } from '../sessions/session-work.ts';
import { outputNotTaken, UntakenOutput } from '../sessions/untaken-output.ts';
import { narrowBuffer } from './channel-buffer.ts';
import { mayEnvironment } from './environment.ts';
import { shownText } from './foreign-text.ts';
import { Relay } from './relay.ts';
import { refusedForwarding, refusedTerminal } from './ssh2-internals.ts';
import type { ForwardingClaim } from './target-channels.ts';
import type { SshTarget } from './target-sign-on.ts';
import { boundedSize, isTerminalName } from './terminal.ts';
import type { WatchSource, Withdraw } from '../watches/watch-source.ts';
import { WatchedTerminal } from '../watches/watched-terminal.ts';
import { forwardableDisplay } from './x11-request.ts';

/** A command line longer than this is refused: the recording holds it whole. */
const LONGEST_COMMAND = 32_000;
const MOST_VARIABLES = 64;
/** The longest name of a signal has six letters and `SIG`; OpenSSH's extension names have twenty. */
const MOST_SIGNAL_LETTERS = 40;
/** A window of 2 MiB beside a buffer of 2 MiB is what ssh2 lets a peer fill; one that sends more does not keep to the protocol. */
export const MOST_UNREAD_BYTES = 5 * 1024 * 1024;

export interface SessionChannelParts {
  readonly session: Session;
  /** Number of the channel within the session. */
  readonly number: number;
  readonly target: SshTarget;
  readonly clientStream: Duplex;
  readonly grant: TargetGrant;
  readonly spool: Pick<RecordingSpool, 'record'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  readonly connected: (recordingId: RecordingId) => void;
  readonly activity: () => void;
  /** Offers the channel's screen to those who watch; the function that it gives takes it away. */
  readonly watchable: (source: WatchSource) => Withdraw;
  /** Told of what was refused, for the log. */
  readonly refused: (what: string) => void;
  /** Lets the target open channels to the user's agent or X server while the claim is held. */
  readonly claim: (what: Forwarded) => ForwardingClaim;
  /** Whether an earlier channel of the connection asked for the agent: clients ask once. */
  readonly agentAsked: () => boolean;
  /** The target refused a forwarding; the channel goes on without. */
  readonly forwardingRefused: (what: Forwarded) => void;
  /** Aborted when the whole session ends; its reason says why. */
  readonly signal: AbortSignal;
  /** Called once: how the channel ended; an error of the recording ends the session. */
  readonly ended: (end: ChannelEnd) => void;
}

export interface ChannelEnd {
  readonly exitStatus: number | null;
  readonly signal: string | null;
  /** Why it could not be opened or go on; undefined for an ordinary end. */
  readonly error: MavisError | undefined;
}

interface Started {
  readonly recorder: ChannelRecorder;
  readonly target: ClientChannel;
  readonly client: ServerChannel;
}

/**
 * One session channel of a client: takes its requests by the policy, opens the same on the target, records it, and moves
 * bytes both ways. Nothing is relayed that is not recorded: the recording is made before the target's first byte is read.
 */
export class SessionChannel {
  readonly #parts: SessionChannelParts;
  readonly #over = new AbortController();
  #environment: Record<string, string> = {};
  #terminal: { info: PseudoTtyInfo; size: TerminalSize } | undefined;
  readonly #claims = new Map<Forwarded, ForwardingClaim>();
  #display: X11Options | undefined;
  #starting = false;
  #awaitsTerminal = false;
  #client: ServerChannel | undefined;
  #target: ClientChannel | undefined;
  #recorder: ChannelRecorder | undefined;
  #watched: WatchedTerminal | undefined;
  #unwatch: Withdraw | undefined;
  #outputs: readonly Relay[] = [];
  readonly #untaken: { readonly output: UntakenOutput; readonly errors: UntakenOutput };
  #exit: { status: number | null; signal: string | null } = { status: null, signal: null };
  /** An exit that came before the recording was made: a command may be over sooner than its recording stands. */
  #unrecordedExit: ((recorder: ChannelRecorder) => void) | undefined;
  #started: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: SessionChannelParts) {
    this.#parts = parts;
    this.#untaken = { output: this.#watchReader(), errors: this.#watchReader() };
    const { session } = parts;
    session.on('env', (accept, reject, info) => this.#takeEnvironment(accept, reject, info));
    session.on('pty', (accept, reject, info) => this.#takeTerminal(accept, reject, info));
    session.on('window-change', (accept, _reject, info) => this.#takeSize(accept, info));
    session.on('shell', (accept) => this.#begin(accept, { kind: 'shell' }));
    session.on('exec', (accept, reject, { command }) => this.#takeCommand(accept, reject, command));
    session.on('signal', (accept, reject, { name }) => this.#takeSignal(accept, reject, name));
    session.on('sftp', (_accept, reject) => this.#refuse(reject, 'sftp'));
    session.on('subsystem', (_accept, reject) => this.#refuse(reject, 'subsystem'));
    session.on('x11', (accept, reject, info) => this.#takeDisplay(accept, reject, info));
    session.on('auth-agent', (accept, reject) => this.#takeAgent(accept, reject));
    // A client that opens a channel and leaves it without asking for anything.
    session.on('close', () => {
      if (!this.#starting) this.#end(undefined);
    });
    parts.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Bytes that a peer sent and nobody has read yet: more than the windows allow is a breach of the protocol. */
  get unread(): { target: number; client: number } {
    return { target: (this.#target?.readableLength ?? 0) + (this.#target?.stderr.readableLength ?? 0), client: this.#client?.readableLength ?? 0 };
  }

  /** Whether a shell or command was asked for. */
  get active(): boolean {
    return this.#starting;
  }

  /** Whether the target was asked for a terminal and has not said yet that it gives one and runs something on it. */
  get awaitsTerminal(): boolean {
    return this.#awaitsTerminal;
  }

  /** Resolves when the recording is closed. */
  async closed(): Promise<void> {
    await this.#started;
    await this.#closing;
  }

  /** The recording is one, whatever became of the client's connection; that nobody saw the output for a while stands in it. */
  markLine(state: LineState): void {
    this.#recorder?.mark(state);
  }

  /** B4: refusals are answered as the protocol says, logged, and stand in the recording. */
  #refuse(reject: RejectConnection | undefined, what: string): void {
    reject?.();
    this.#recorder?.mark('refused', what);
    this.#parts.refused(what);
  }

  #takeEnvironment(accept: (() => void) | undefined, reject: RejectConnection | undefined, { key, val }: SetEnvInfo): void {
    if (!mayEnvironment(this.#parts.grant.policy, key, val) || Object.keys(this.#environment).length >= MOST_VARIABLES) {
      this.#refuse(reject, 'environment');
      return;
    }
    this.#environment = { ...this.#environment, [key]: val };
    accept?.();
  }

  #takeTerminal(accept: (() => void) | undefined, reject: RejectConnection | undefined, info: PseudoTtyInfo): void {
    if (!isTerminalName(info) || this.#starting) {
      this.#refuse(reject, 'terminal');
      return;
    }
    this.#terminal = { info, size: boundedSize(info) };
    accept?.();
  }

  #takeSize(accept: (() => void) | undefined, info: WindowChangeInfo): void {
    if (this.#terminal === undefined) return;
    const size = boundedSize(info);
    const before = this.#terminal.size;
    this.#terminal = { ...this.#terminal, size };
    accept?.();
    if (size.columns === before.columns && size.rows === before.rows) return;
    this.#recorder?.resize(size);
    this.#watched?.resize(size);
    this.#target?.setWindow(size.rows, size.columns, size.heightPx, size.widthPx);
  }

  #takeAgent(accept: (() => void) | undefined, reject: RejectConnection | undefined): void {
    if (!this.#parts.grant.policy.agentForwarding || this.#starting) {
      this.#refuse(reject, 'agent');
      return;
    }
    this.#claim('agent');
    accept?.();
  }

  /** What goes on to the target as the display's secret is what the client made up; the X server's own never comes here. */
  #takeDisplay(accept: (() => void) | undefined, reject: RejectConnection | undefined, info: X11Info): void {
    const display = this.#parts.grant.policy.x11Forwarding && !this.#starting ? forwardableDisplay(info) : undefined;
    if (display === undefined) {
      this.#refuse(reject, 'x11');
      return;
    }
    this.#display = display;
    this.#claim('x11');
    accept?.();
  }

  #claim(what: Forwarded): void {
    if (!this.#claims.has(what)) this.#claims.set(what, this.#parts.claim(what));
  }

  #takeCommand(accept: AcceptConnection<ServerChannel>, reject: RejectConnection | undefined, command: string): void {
    const { policy } = this.#parts.grant;
    // A command could carry what the rule keeps from SFTP (rule 28).
    if (!policy.exec || restrictsFiles(policy) || command.length > LONGEST_COMMAND) this.#refuse(reject, 'exec');
    else this.#begin(accept, { kind: 'exec', command });
  }

  #takeSignal(accept: (() => void) | undefined, reject: RejectConnection | undefined, name: string): void {
    if (this.#target === undefined || !/^(?:SIG)?(?:ABRT|ALRM|HUP|INT|KILL|PIPE|QUIT|TERM|USR1|USR2)$/.test(name)) {
      this.#refuse(reject, 'signal');
      return;
    }
    this.#parts.activity();
    this.#recorder?.mark('signal', name);
    this.#target.signal(name);
    accept?.();
  }

  #begin(accept: AcceptConnection<ServerChannel>, request: RequestPayload & { kind: 'shell' | 'exec' }): void {
    if (this.#starting) return;
    this.#starting = true;
    if (this.#parts.agentAsked()) this.#claim('agent');
    // Accepted at once: what a client sends right behind its request waits in the channel and is not lost.
    const client = accept();
    this.#client = client;
    client.on('error', () => undefined);
    client.once('close', () => this.#clientGone());
    this.#started = this.#start(client, request).catch((error: unknown) => this.#end(asMavisError(error)));
  }

  async #start(client: ServerChannel, request: RequestPayload & { kind: 'shell' | 'exec' }): Promise<void> {
    const [recording, opening] = await Promise.allSettled([this.#record(request), this.#openWithForwarding(request)]);
    if (opening.status === 'fulfilled') this.#target = opening.value;
    if (recording.status === 'fulfilled') this.#recorder = recording.value;
    const failed = recording.status === 'rejected' ? recording : opening.status === 'rejected' ? opening : undefined;
    if (failed !== undefined) this.#end(asMavisError(failed.reason));
    else if (this.#over.signal.aborted) this.#shut();
    else if (recording.status === 'fulfilled' && opening.status === 'fulfilled') await this.#connect({ recorder: recording.value, target: opening.value, client }, request);
  }

  async #record(request: RequestPayload): Promise<ChannelRecorder> {
    const { grant, number, target } = this.#parts;
    const terminal = this.#terminal;
    const size = terminal === undefined ? {} : { terminal: terminal.info.term, columns: terminal.size.columns, rows: terminal.size.rows };
    return await this.#parts.spool.record({ grant, channel: number, facts: { kind: request.kind, targetIdentity: target.hostKey, inputRecorded: grant.policy.recordInput, ...size } });
  }

  /** A target that refuses to forward is asked again without: a shell without an agent is still a shell. */
  async #openWithForwarding(request: RequestPayload & { kind: 'shell' | 'exec' }): Promise<ClientChannel> {
    for (;;) {
      try {
        return await this.#open(request);
      } catch (error) {
        const what = refusedForwarding(asMavisError(error).cause);
        const claim = what === undefined ? undefined : this.#claims.get(what);
        if (claim === undefined) throw error;
        claim.release();
        this.#claims.delete(claim.what);
        this.#parts.forwardingRefused(claim.what);
      }
    }
  }

  #open(request: RequestPayload & { kind: 'shell' | 'exec' }): Promise<ClientChannel> {
    const { client } = this.#parts.target;
    const display = this.#claims.has('x11') ? this.#display : undefined;
    // `agentForward` is an option of each of ssh2's channels; its typings know it for the connection alone.
    const options = { env: this.#environment, ...(this.#claims.has('agent') ? { agentForward: true } : {}), ...(display === undefined ? {} : { x11: display }) };
    const pty = this.#ptyOptions();
    this.#awaitsTerminal = pty !== undefined;
    return new Promise((resolve, reject) => {
      const opened = (error: Error | undefined, channel: ClientChannel): void => {
        this.#awaitsTerminal = false;
        if (error !== undefined) {
          reject(new MavisError(refusedTerminal(error) ? 'target.no-terminal' : 'target.channel-refused', {}, { cause: error }));
          return;
        }
        // Nothing is read before the recording stands; errors of a channel are those of its connection.
        channel.pause();
        narrowBuffer(channel);
        channel.on('error', () => undefined);
        channel.on('exit', (status: number | null, signal?: string, dumped?: boolean | string, message?: string) => this.#exited(status, signal, dumped, message));
        resolve(channel);
      };
      try {
        if (request.kind === 'exec') client.exec(request.command, { ...options, ...(pty === undefined ? {} : { pty }) }, opened);
        else client.shell(pty ?? false, options, opened);
      } catch (cause) {
        reject(new MavisError('target.lost', {}, { cause }));
      }
    });
  }

  #ptyOptions(): PseudoTtyOptions | undefined {
    if (this.#terminal === undefined) return undefined;
    const { info, size } = this.#terminal;
    return { term: info.term, cols: size.columns, rows: size.rows, width: size.widthPx, height: size.heightPx, modes: info.modes };
  }

  async #connect({ recorder, target, client }: Started, request: RequestPayload & { kind: 'shell' | 'exec' }): Promise<void> {
    recorder.failed.addEventListener('abort', () => this.#end(asMavisError(recorder.failed.reason)), { once: true });
    this.#recordRequest(recorder, request);
    this.#unrecordedExit?.(recorder);
    try {
      await recorder.stand();
      if (recorder.strict) await recorder.durable();
    } catch (error) {
      this.#end(new MavisError('session.recording-failed', {}, { cause: error }));
      return;
    }
    if (this.#over.signal.aborted) return;
    this.#parts.connected(recorder.recordingId);
    for (const claim of this.#claims.values()) claim.grant(recorder);
    this.#move({ recorder, target, client });
    // The size may have changed while the target was opening.
    if (this.#terminal !== undefined) target.setWindow(this.#terminal.size.rows, this.#terminal.size.columns, this.#terminal.size.heightPx, this.#terminal.size.widthPx);
  }

  #recordRequest(recorder: ChannelRecorder, request: RequestPayload): void {
    for (const [name, value] of Object.entries(this.#environment)) recorder.request({ kind: 'environment', name, value });
    if (this.#terminal !== undefined) {
      recorder.request({ kind: 'terminal', term: this.#terminal.info.term });
      recorder.resize(this.#terminal.size);
    }
    recorder.request(request);
  }

  #move({ recorder, target, client }: Started): void {
    const { grant, target: connection, clientStream, activity } = this.#parts;
    const common = { signal: this.#over.signal, failed: (error: unknown) => this.#end(asMavisError(error)) };
    const watched = new WatchedTerminal(this.#terminal?.size);
    this.#watched = watched;
    this.#unwatch = this.#parts.watchable(watched);
    const show = (chunk: Buffer): void => watched.output(chunk);
    const hold = (): Promise<void> | undefined => (recorder.congested ? recorder.uncongested() : undefined);
    const stored = (): Promise<void> | undefined => (recorder.strict ? recorder.durable() : undefined);
    const output = new Relay({ ...common, untaken: this.#untaken.output, from: target, to: client, wire: clientStream, hold, take: (chunk) => (recorder.output(chunk), show(chunk), stored()) });
    const errors = new Relay({ ...common, untaken: this.#untaken.errors, from: target.stderr, to: client.stderr, wire: clientStream, hold, take: (chunk) => (recorder.errorOutput(chunk), show(chunk), stored()) });
    this.#outputs = [output, errors];
    const takeInput = (chunk: Buffer): undefined => {
      if (this.#over.signal.aborted) return;
      activity();
      if (grant.policy.recordInput) recorder.typed(chunk);
    };
    const input = new Relay({ ...common, from: client, to: target, wire: connection.socket, hold, take: (chunk) => this.#held()?.then(() => takeInput(chunk)) ?? takeInput(chunk) });
    client.once('end', () => sessionWork(input.drained().then(() => target.end()), common.failed));
    // ssh2 tells a channel's close when its output was read to the end; of its errors some may still wait to be read.
    let unread = 2;
    const readToEnd = (): void => {
      unread -= 1;
      if (unread === 0) sessionWork(this.#targetClosed([output, errors]), common.failed);
    };
    target.once('close', readToEnd);
    target.stderr.once('close', readToEnd);
    target.resume();
  }

  /** What of the channel the client's own window keeps back; what the line does is the session's. */
  #watchReader(): UntakenOutput {
    return new UntakenOutput({
      clock: this.#parts.clock,
      wholePieces: true,
      held: () => this.#parts.logger.warn('input is held back: the client takes no output of its channel', { reference: this.#parts.grant.reference }),
      expired: () => this.#end(outputNotTaken()),
    });
  }

  /** Resolves when input may go on; undefined where it may now. */
  #held(): Promise<void> | undefined {
    const held = this.#untaken.output.hold() ?? this.#untaken.errors.hold();
    return held?.then(() => this.#held());
  }

  #exited(status: number | null, signal: string | undefined, dumped: boolean | string | undefined, message: string | undefined): void {
    const shown = signal === undefined ? null : shownText(signal, MOST_SIGNAL_LETTERS);
    this.#exit = { status, signal: shown };
    const record = (recorder: ChannelRecorder): void => {
      if (status !== null) recorder.exitStatus(status);
      else if (shown !== null) recorder.exitSignal({ signal: shown, coreDumped: dumped === true, message: shownText(message ?? '', 1000) });
    };
    if (this.#recorder === undefined) this.#unrecordedExit = record;
    else record(this.#recorder);
  }

  async #targetClosed(relays: readonly Relay[]): Promise<void> {
    await Promise.all(relays.map((relay) => relay.drained()));
    this.#end(undefined);
  }

  #clientGone(): void {
    this.#end(undefined);
  }

  readonly #abort = (): void => {
    const { reason } = this.#parts.signal;
    if (reason instanceof MavisError) this.#recorder?.mark('ended', reason.code);
    this.#end(faultCode(reason) === null ? undefined : asMavisError(reason));
  };

  #end(error: MavisError | undefined): void {
    if (this.#over.signal.aborted) return;
    this.#parts.signal.removeEventListener('abort', this.#abort);
    this.#over.abort();
    const fault = this.#leave();
    const ended = error ?? fault;
    this.#shut(ended);
    this.#parts.ended({ exitStatus: this.#exit.status, signal: this.#exit.signal, error: ended });
  }

  /** Lets go of what the channel holds, each whatever becomes of the others; gives the first fault. */
  #leave(): MavisError | undefined {
    const faults = [
      ...[...this.#claims.values()].map((claim) => this.#faultOf(() => claim.release())),
      // What the target had said by then was only not taken by the client.
      ...this.#outputs.map((output) => this.#faultOf(() => output.takeRest())),
      ...Object.values(this.#untaken).map((untaken) => this.#faultOf(() => untaken.stop())),
      this.#faultOf(() => this.#unwatch?.()),
    ];
    return faults.find((fault) => fault !== undefined);
  }

  /** Does one thing of the end; what it throws is told in the log and given, and keeps nothing else from its end. */
  #faultOf(step: () => void): MavisError | undefined {
    try {
      step();
      return undefined;
    } catch (error) {
      this.#parts.logger.error('a channel could not be left in good order', { reference: this.#parts.grant.reference, error });
      return asMavisError(error);
    }
  }

  /** Seals or deletes the recording, and closes what was opened, whichever of it came about: what a peer makes fail keeps none of the three from its end. */
  #shut(error: MavisError | undefined = undefined): void {
    this.#closeRecording(faultCode(error));
    this.#faultOf(() => this.#tellClient());
    this.#faultOf(() => this.#target?.close());
  }

  /** `code` says why the recording is not whole. */
  #closeRecording(code: string | null): void {
    const recorder = this.#recorder;
    if (recorder === undefined || this.#closing !== undefined) return;
    this.#closing = (recorder.stands ? recorder.close(code).then(() => undefined) : recorder.discard()).catch((error: unknown) => {
      this.#parts.logger.error('a recording could not be closed', { reference: this.#parts.grant.reference, recordingId: recorder.recordingId, error });
    });
  }

  #tellClient(): void {
    const client = this.#client;
    if (client === undefined) return;
    const { status, signal } = this.#exit;
    const passed = signal === null ? undefined : passedExitSignal(signal);
    try {
      if (status !== null) client.exit(status);
      else if (passed !== undefined && 'status' in passed) client.exit(passed.status);
      else if (passed !== undefined) client.exit(passed.signal, false, '');
    } finally {
      client.end();
    }
  }
}
