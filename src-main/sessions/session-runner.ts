import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { isDesktop } from '../../shared/ipc/desktop-protocols.ts';
import type { Forwarding, Prompt, StreamMessage } from '../../shared/proxy-stream/messages.ts';
import type { CarriedProtocol } from './carried-protocol.ts';
import { FilesSession } from './files-session.ts';
import { ClientForwarding } from './forwarding/client-forwarding.ts';
import { DIAL_LIMIT_MS, dialGateway, type DialOptions, dialThrough, type ReachedGateway } from './gateway-dial.ts';
import { GatewayRefusal, type HelloEvents, legOf, sayHello } from './gateway-hello.ts';
import { GatewayStream, type StreamEnd } from './gateway-stream.ts';
import type { WayAgain } from './resume-loop.ts';
import { PagePort, type ProcessPort, type TerminalSize } from './page-port.ts';
import type { SessionCommand, SessionReport, StartCommand } from './session-process-contract.ts';
import { changeFolderInput } from './shell-folder.ts';
import { openShell, type Shell } from './ssh-shell.ts';
import { TwoHopWay } from './two-hop-way.ts';
import { viewerDesktop } from './viewer/viewer-desktop.ts';
import { unknownToProxy } from '../network/unknown-to-proxy.ts';
import { AwaitedFirstHop } from './awaited-first-hop.ts';
import { AwaitedWaysOut } from './awaited-ways-out.ts';

/** The gateway says why a session ended right after the protocol's own end; a moment later nothing more comes. */
const REASON_LIMIT_MS = 1000;
/** A page that draws nothing for so long has gone; its process does not wait for it for ever. */
const DRAIN_LIMIT_MS = 10_000;
/** What a page of files is told last is one message, which is on its way at once; files that are open here are closed by then. */
const FILES_DRAIN_MS = 500;
/** A first gateway reaches the next one within five seconds, or says that it did not. */
const FORWARD_LIMIT_MS = 8000;
/** No gateway waits longer for its client than this (its own setting's bound). */
const MAX_RESUME_SECONDS = 900;
/** What is typed before the shell stands: a few lines, no more. */
const MAX_EARLY_INPUT_BYTES = 64 * 1024;

export interface RunnerParts {
  readonly report: (report: SessionReport) => void;
  readonly random: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
  /** Called for what a page did against the rules, with a word for the log. */
  readonly onViolation: (what: string) => void;
  /** Called for what a resume came upon and is tried again after. */
  readonly onTryFailed?: (error: unknown, tries: number) => void;
  /** Called for what of an SFTP session's transfers could not be kept for another start of the app. */
  readonly onUnkept: (error: unknown) => void;
  readonly pingEveryMs?: number;
}

/** One session in its process: dials, says hello, opens the protocol, carries bytes between target and page, and says how it ended. */
export class SessionRunner {
  readonly #parts: RunnerParts;
  readonly #page: PagePort;
  readonly #stop = new AbortController();
  readonly #prompts = new Map<number, (answers: readonly string[]) => void>();
  readonly #files: FilesSession;
  readonly #waysOut = new AwaitedWaysOut();
  readonly #firstHop = new AwaitedFirstHop(() => this.#parts.report({ kind: 'first-hop-wanted' }));
  #startedAt = 0;
  #stream: GatewayStream | undefined;
  #carried: CarriedProtocol | undefined;
  /** Of a desktop: settled when the gateway says that the protocol is connected and the recording stands, or that it never will. */
  readonly #standing = Promise.withResolvers<void>();
  #connected = false;
  #desktop = false;
  /** Whether the page asks for files, in place of a protocol's bytes. */
  #filesWanted = false;
  /** The session is somebody else's. */
  #watches = false;
  #forwarding: ClientForwarding | undefined;
  #forwardingReady: Promise<void> | undefined;
  readonly #refusedForwardings = new Set<'agent' | 'x11'>();
  #size: TerminalSize | undefined;
  #early: { bytes: Uint8Array; gone: () => void }[] = [];
  #earlyBytes = 0;
  #streamEnd: StreamEnd | undefined;
  #exitStatus: number | null = null;
  #exitSignal: string | null = null;
  #outputEnded = false;
  #endTold = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    // Nobody waits for it where a terminal is opened.
    this.#standing.promise.catch(() => undefined);
    this.#files = new FilesSession({ monotonic: parts.monotonic, onViolation: parts.onViolation, onUnkept: parts.onUnkept, openFile: (path) => parts.report({ kind: 'open-file', path }), onDragOuts: (ready) => parts.report({ kind: 'drag-outs', ready: ready.map(({ id, paths }) => ({ id, paths: [...paths] })) }) });
    this.#page = new PagePort(
      {
        pause: () => this.#carried?.pause(),
        resume: () => this.#carried?.resume(),
        input: (bytes, gone) => this.#input(bytes, gone),
        resize: (size) => this.#resize(size),
        violation: (what) => this.#violation(what),
        startedAnew: () => this.#pageStartedAnew(),
      },
      () => parts.report({ kind: 'drained' }),
    );
  }

  /** Takes a command of main; `port` stands beside the command of that name. */
  take(command: SessionCommand, port: ProcessPort | undefined): void {
    switch (command.kind) {
      case 'start':
        this.#start(command);
        break;
      case 'ways-out':
        this.#waysOut.take(command.ways);
        break;
      case 'first-hop':
        // What is known of the ways out is of the gateway before.
        if (command.hop !== null) this.#waysOut.forget();
        this.#firstHop.take(command);
        break;
      case 'port':
        if (port && this.#filesWanted) this.#files.attach(port);
        else if (port) this.#page.attach(port);
        break;
      case 'local-folder':
        this.#files.grant(command.path);
        break;
      case 'upload':
        void this.#files.upload(command);
        break;
      case 'file-not-opened':
        this.#files.notOpened(command.path);
        break;
      case 'transfer-journals':
        void this.#files.keepTransfers(command);
        break;
      case 'prompt-answer':
        this.#prompts.get(command.id)?.(command.answers);
        break;
      case 'cancel':
        this.#stop.abort(new MavisError('connect.cancelled'));
        break;
      case 'check-line':
        this.#stream?.check();
        break;
      case 'end':
        this.#endByUser();
        break;
      default:
        command satisfies never;
    }
  }

  #start(command: StartCommand): void {
    this.#startedAt = this.#parts.monotonic();
    this.#filesWanted = command.protocol === 'sftp' && command.foreign !== true;
    const { forwarding } = command;
    if (forwarding !== undefined) this.#forwarding = new ClientForwarding({ offer: forwarding, tell: (what, state) => this.#parts.report({ kind: 'forwarding', what, state }) });
    // Looks for agent and X server while the Gateway is dialled.
    this.#forwardingReady = this.#forwarding?.prepare();
    this.#waysOut.forget();
    this.#run(command).catch((thrown: unknown) => this.#fail(asMavisError(thrown)));
  }

  #fail(error: MavisError): void {
    this.#forwarding?.close();
    this.#stream?.closeWith('connect.cancelled');
    this.#parts.report({
      kind: 'failed',
      code: error.code,
      args: { ...error.args },
      leg: legOf(error),
      // Once a gateway has accepted, the target's credential has been used.
      credentialSent: this.#stream !== undefined || (error instanceof GatewayRefusal && error.credentialSent),
      milliseconds: this.#parts.monotonic() - this.#startedAt,
    });
  }

  async #run(command: StartCommand): Promise<void> {
    const [first, second] = command.hops;
    if (!first) throw new MavisError('internal');
    const dial: DialOptions = { identity: command.identity, signal: this.#stop.signal, random: this.#parts.random, limitMs: Math.min(DIAL_LIMIT_MS, command.deadlineMs), waysOut: () => this.#waysOut.asked() };
    const { socket, port } = await this.#dialFirst(first, dial);
    this.#parts.report({ kind: 'reached', port });
    const answer = await this.#hello(socket, command, first, second === undefined);
    if (!second) {
      await this.#session(socket, command, first.gatewayName, answer, (signal) => this.#dialFirstAgain(first, { ...dial, signal }));
      return;
    }
    const forwarded = forwardingOf(answer, first.gatewayName);
    const dialInside = (carrier: TLSSocket, signal: AbortSignal): Promise<TLSSocket> => dialThrough(carrier, second, { ...dial, signal });
    const way = new TwoHopWay<StartCommand['hops'][number]>({
      first,
      forwarding: forwarded,
      dialFirst: (hop, signal) => this.#dialFirstAgain(hop, { ...dial, signal }),
      dialLast: dialInside,
      newFirst: (_failed, signal) => this.#firstHop.asked(signal),
      hello: async (carrier, hop, signal) => forwardingOf(await sayHello(carrier, { gateway: hop.gatewayName, hello: helloOf(command, hop), events: SILENT, signal, deadlineMs: FORWARD_LIMIT_MS }), hop.gatewayName),
    });
    const inner = await dialInside(socket, this.#stop.signal);
    await this.#session(inner, command, second.gatewayName, await this.#hello(inner, command, second, true), (signal) => way.again(signal));
  }

  /** Dials the first gateway and tells over which way it was reached. */
  async #dialFirst(hop: StartCommand['hops'][number], dial: DialOptions): Promise<ReachedGateway> {
    const reached = await dialGateway(hop, dial);
    const { port, over443, proxy } = reached;
    this.#parts.report({ kind: 'way', way: { port, over443, proxy } });
    return reached;
  }

  /** Dials the first gateway for a resume; where the network's proxy wants to know the user, main is told, which asks him. */
  async #dialFirstAgain(hop: StartCommand['hops'][number], dial: DialOptions): Promise<TLSSocket> {
    try {
      return (await this.#dialFirst(hop, { ...dial, limitMs: DIAL_LIMIT_MS })).socket;
    } catch (thrown) {
      const proxy = unknownToProxy(asMavisError(thrown));
      if (proxy !== null) this.#parts.report({ kind: 'proxy-sign-on', proxy });
      throw thrown;
    }
  }

  #hello(socket: TLSSocket, command: StartCommand, hop: StartCommand['hops'][number], last: boolean): ReturnType<typeof sayHello> {
    const spent = this.#parts.monotonic() - this.#startedAt;
    const events: HelloEvents = {
      onProgress: (step) => this.#parts.report({ kind: 'progress', step }),
      ask: (prompt, signal) => this.#ask(prompt, signal),
    };
    const hello = { ...helloOf(command, hop), ...(last ? { terminal: command.terminal } : {}) };
    return sayHello(socket, { gateway: hop.gatewayName, hello, events, signal: this.#stop.signal, deadlineMs: Math.max(command.deadlineMs - spent, 0) });
  }

  async #session(socket: TLSSocket, command: StartCommand, gateway: string, answer: Awaited<ReturnType<typeof sayHello>>, again: WayAgain): Promise<void> {
    if (answer.kind !== 'accepted') throw new MavisError('gateway.protocol-error', { gateway });
    const { accepted } = answer;
    const { pingEveryMs, random, onTryFailed } = this.#parts;
    const stream = new GatewayStream({
      socket,
      decoder: answer.decoder,
      following: answer.following,
      gateway,
      monotonic: this.#parts.monotonic,
      onMessage: (message) => this.#onMessage(message),
      onRoundTrip: (milliseconds) => this.#parts.report({ kind: 'round-trip', milliseconds }),
      onEnd: (end) => this.#onStreamEnd(end),
      resume: {
        secret: accepted.resumeSecret,
        seconds: Math.min(accepted.resumeSeconds, MAX_RESUME_SECONDS),
        dialAgain: again,
        random,
        onInterrupted: (secondsLeft) => this.#parts.report({ kind: 'interrupted', secondsLeft }),
        onResumed: () => this.#parts.report({ kind: 'resumed' }),
        ...(onTryFailed === undefined ? {} : { onTryFailed }),
      },
      ...(pingEveryMs === undefined ? {} : { pingEveryMs }),
    });
    this.#stream = stream;
    this.#parts.report({ kind: 'accepted', reference: accepted.reference, sshHostKey: accepted.sshHostKey, recording: accepted.recording, targetEncrypted: accepted.targetEncrypted, targetCertificate: accepted.targetCertificate, notAfter: accepted.notAfter });
    try {
      if (command.watch === true) this.#openWatch(stream);
      else if (this.#filesWanted) await this.#openFiles(stream);
      else if (command.foreign === true && command.protocol === 'vnc') await this.#openDesktop(viewerDesktop(stream, (error) => this.#endDesktop(error)));
      else if (command.foreign === true || isDesktop(command.protocol)) await this.#openDesktop(stream);
      else await this.#openTerminal(stream, command, gateway, accepted.sshHostKey);
    } catch (error) {
      // Where the gateway has said why it ended, that is the cause; the protocol's own error only follows from it.
      throw this.#streamEnd && this.#streamEnd.code !== 'session.ended' && !this.#stop.signal.aborted ? new MavisError(this.#streamEnd.code, this.#streamEnd.args, { cause: error }) : error;
    }
  }

  async #openTerminal(stream: GatewayStream, command: StartCommand, gateway: string, hostKey: string | null): Promise<void> {
    await this.#forwardingReady;
    await openShell({
      stream, gateway, hostKey,
      forwarding: this.#forwarding,
      terminal: this.#size ?? command.terminal,
      environment: command.environment,
      signal: this.#stop.signal,
      onOpen: (shell) => this.#carry(shell, command.startFolder),
    });
  }

  /** A desktop's protocol is spoken by the page's engine itself, and that of a foreign client by the client: its bytes go through as they are, from now on. Connected is what the gateway says is. */
  async #openDesktop(stream: Duplex): Promise<void> {
    const { signal } = this.#stop;
    signal.addEventListener('abort', () => this.#standing.reject(asMavisError(signal.reason)), { once: true });
    this.#desktop = true;
    // The stream's own end tells why.
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Buffer) => this.#page.output(bytes));
    stream.on('end', () => {
      if (this.#connected) this.#onOutputEnd();
    });
    this.#begin({
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      write: (bytes, gone) => (stream.writable ? void stream.write(Buffer.from(bytes), () => gone()) : gone()),
      resize: () => undefined,
      end: () => stream.end(),
    });
    if (this.#streamEnd) throw new MavisError(this.#streamEnd.code, this.#streamEnd.args);
    await this.#standing.promise;
    this.#connected = true;
    this.#parts.report({ kind: 'connected' });
  }

  /** What is spoken breaks its rules. */
  #endDesktop(error: MavisError): void {
    if (this.#connected) this.#endWith({ code: error.code, args: error.args });
    else this.#standing.reject(error);
  }

  /** What is watched goes to the page as the gateway sends it, frame by frame; nothing goes the other way. */
  #openWatch(stream: GatewayStream): void {
    this.#desktop = true;
    this.#watches = true;
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Buffer) => this.#page.output(bytes));
    stream.on('end', () => this.#onOutputEnd());
    this.#begin({ pause: () => stream.pause(), resume: () => stream.resume(), write: (_bytes, gone) => gone(), resize: () => undefined, end: () => stream.end() });
    if (this.#streamEnd) throw new MavisError(this.#streamEnd.code, this.#streamEnd.args);
    this.#connected = true;
    this.#parts.report({ kind: 'connected' });
  }

  async #openFiles(stream: GatewayStream): Promise<void> {
    // The stream's own end tells why.
    stream.on('error', () => undefined);
    this.#begin({
      pause: () => undefined,
      resume: () => undefined,
      write: (_bytes, gone) => gone(),
      resize: () => undefined,
      end: () => stream.end(),
    });
    await this.#files.open(stream, this.#stop.signal);
    if (this.#streamEnd) throw new MavisError(this.#streamEnd.code, this.#streamEnd.args);
    this.#connected = true;
    this.#parts.report({ kind: 'connected' });
  }

  #begin(carried: CarriedProtocol): void {
    this.#carried = carried;
    for (const { bytes, gone } of this.#early) this.#input(bytes, gone);
    this.#early = [];
  }

  #carry(shell: Shell, startFolder: string | undefined): void {
    const { channel } = shell;
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#exitStatus = code;
      this.#exitSignal = signal ?? null;
    });
    channel.on('data', (bytes: Buffer) => this.#page.output(bytes));
    // A pty has one output; what a target sends beside it all the same is shown in order of arrival.
    channel.stderr.on('data', (bytes: Buffer) => this.#page.output(bytes));
    channel.on('end', () => this.#onOutputEnd());
    channel.on('close', () => this.#onShellClosed());
    // Ends by 'close'; the reason is told by the stream.
    channel.on('error', () => undefined);
    if (this.#size) channel.setWindow(this.#size.rows, this.#size.columns, this.#size.heightPx, this.#size.widthPx);
    if (startFolder !== undefined) channel.write(Buffer.from(changeFolderInput(startFolder)));
    this.#begin({
      pause: () => channel.pause(),
      resume: () => channel.resume(),
      write: (bytes, gone) => (channel.writable ? void channel.write(Buffer.from(bytes), () => gone()) : gone()),
      resize: ({ columns, rows, widthPx, heightPx }) => channel.setWindow(rows, columns, heightPx, widthPx),
      end: () => shell.end(),
    });
    this.#connected = true;
    this.#parts.report({ kind: 'connected' });
    this.#forwarding?.begin();
    for (const what of this.#refusedForwardings) this.#forwarding?.refusedByTarget(what);
  }

  #onMessage(message: StreamMessage): void {
    if (message.kind === 'forwarding-refused') {
      // The Gateway's word can come before the shell's own answer.
      this.#refusedForwardings.add(message.what);
      if (this.#connected) this.#forwarding?.refusedByTarget(message.what);
    } else if (message.kind === 'watched') {
      this.#parts.report({ kind: 'watched', watchers: message.watchers, by: message.by });
    } else if (message.kind === 'recording') {
      this.#parts.report({ kind: 'recording' });
      this.#standing.resolve();
    }
    else if (message.kind === 'ends-soon') this.#parts.report({ kind: 'ends-soon', code: message.code, secondsLeft: message.secondsLeft });
  }

  #ask(prompt: Prompt, signal: AbortSignal): Promise<readonly string[]> {
    return new Promise((resolve) => {
      this.#prompts.set(prompt.id, (answers) => {
        this.#prompts.delete(prompt.id);
        resolve(answers);
      });
      signal.addEventListener('abort', () => this.#prompts.delete(prompt.id), { once: true });
      this.#parts.report({ kind: 'prompt', prompt });
    });
  }

  #input(bytes: Uint8Array, gone: () => void): void {
    if (this.#carried) {
      this.#carried.write(bytes, gone);
      return;
    }
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes <= MAX_EARLY_INPUT_BYTES) this.#early.push({ bytes, gone });
    else gone();
  }

  #resize(size: TerminalSize): void {
    this.#size = size;
    this.#parts.report({ kind: 'resized', columns: size.columns, rows: size.rows });
    this.#carried?.resize(size);
  }

  #violation(what: string): void {
    this.#parts.onViolation(what);
    // Dropping a part of what was typed would run another command than the one that was meant.
    if (what !== 'message') this.#endWith({ code: 'session.protocol-violation', args: {} });
  }

  /** A terminal's page is shown its last output again. A desktop's engine would need all that came since the beginning: its session ends, and can be opened again in place. */
  #pageStartedAnew(): boolean {
    if (this.#desktop) this.#endWith({ code: 'session.crashed', args: {} });
    return !this.#desktop;
  }

  #endByUser(): void {
    if (!this.#connected) this.#stop.abort(new MavisError('connect.cancelled'));
    else this.#endWith({ code: this.#watches ? 'session.watch-ended' : 'session.closed-by-user', args: {} });
  }

  #endWith(end: StreamEnd): void {
    this.#streamEnd ??= end;
    this.#tellEnd(end);
    this.#files.close(new MavisError(end.code, end.args));
    this.#stream?.closeWith(end.code);
    this.#carried?.end();
    this.#onOutputEnd();
  }

  #onStreamEnd(end: StreamEnd): void {
    this.#streamEnd ??= end;
    this.#standing.reject(new MavisError(end.code, end.args));
    this.#files.close(new MavisError(end.code, end.args));
    if (!this.#connected) return;
    // The exit status stands before the gateway's reason in the stream; the channel's close tells both.
    if (end.code !== 'session.ended' || this.#outputEnded) this.#tellEnd(this.#streamEnd);
    setTimeout(() => {
      this.#tellEnd(this.#streamEnd ?? end);
      // What has arrived before the end is still shown.
      this.#onOutputEnd();
    }, REASON_LIMIT_MS);
  }

  #onShellClosed(): void {
    this.#onOutputEnd();
    if (this.#streamEnd) {
      this.#tellEnd(this.#streamEnd);
      return;
    }
    // As any SSH client after its last channel: the gateway then says at once that the session ended by itself.
    this.#carried?.end();
    setTimeout(() => {
      this.#tellEnd(this.#streamEnd ?? { code: 'session.ended', args: {} });
      this.#stream?.closeWith('session.ended');
    }, REASON_LIMIT_MS);
  }

  #onOutputEnd(): void {
    if (this.#outputEnded) return;
    this.#outputEnded = true;
    this.#page.end();
    setTimeout(() => this.#parts.report({ kind: 'drained' }), this.#filesWanted ? FILES_DRAIN_MS : DRAIN_LIMIT_MS).unref();
  }

  #tellEnd({ code, args }: StreamEnd): void {
    if (this.#endTold) return;
    this.#endTold = true;
    this.#forwarding?.close();
    this.#parts.report({ kind: 'ended', code, args: { ...args }, exitStatus: this.#exitStatus, signal: this.#exitSignal });
  }
}

/** A first gateway asks nobody anything. */
const SILENT: HelloEvents = { onProgress: () => undefined, ask: () => Promise.reject(new MavisError('connect.cancelled')) };

function helloOf({ protocol }: StartCommand, { ticket }: StartCommand['hops'][number]) {
  return { version: 1 as const, ticket, protocol };
}

/** What a first gateway said that forwards; throws where it answered something else. */
function forwardingOf(answer: Awaited<ReturnType<typeof sayHello>>, gateway: string): Forwarding {
  if (answer.kind !== 'forwarding') throw new MavisError('gateway.protocol-error', { gateway });
  return answer.forwarding;
}
