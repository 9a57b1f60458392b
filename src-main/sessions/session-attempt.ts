import type { Draft } from 'immer';
import { type ConnectionOffer, connectionsRoutes, type Hop } from '../../shared/api/connections.ts';
import { catalogue, type ErrorCode, knownErrorCode } from '../../shared/errors/catalogue.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ConnectionId, Protocol, ResourceId } from '../../shared/ids.ts';
import type { Session } from '../../shared/ipc/stores.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';
import type { ProgressStep } from '../../shared/proxy-stream/messages.ts';
import type { ClientIdentity } from '../account/client-key.ts';
import type { HeldJournals } from '../files/journal-folders.ts';
import { shown } from '../ipc/shown-error.ts';
import { crashMessages } from '../logging/crashes.ts';
import type { Log } from '../logging/log.ts';
import type { ServiceClient, ServiceNetwork } from '../service-client/service-client.ts';
import { unknownToProxy } from '../network/unknown-to-proxy.ts';
import { type ProxyCredentials, proxyName, type WayOut } from '../network/way-out.ts';
import type { ForwardingOffer } from './forwarding/forwarding-offer.ts';
import { AttemptAtService } from './attempt-at-service.ts';
import { AttemptView } from './attempt-view.ts';
import { type EndedReport, type SessionCommand, type SessionReport, sessionReport } from './session-process-contract.ts';
import type { SessionProcess } from './session-process-handle.ts';

/** A retry that could not even finish a dial is not begun. */
const LEAST_RETRY_MS = 500;
/** The service's own answer may use all of the connection's time (rule 4), and a little for the way. */
const ASK_TIMEOUT_MS = 16_000;
/** Another first gateway for a session that runs: the service tries several within this. */
const NEW_FIRST_TIMEOUT_MS = 10_000;
/** Time for a process to say goodbye to its gateway. */
const GOODBYE_LIMIT_MS = 3000;

export interface AttemptParts<Port> {
  readonly client: Pick<ServiceClient, 'call'>;
  readonly process: SessionProcess<Port>;
  readonly identity: ClientIdentity;
  readonly terminal: { readonly columns: number; readonly rows: number };
  readonly environment: Readonly<Record<string, string>>;
  /** What of the user's machine may be offered under this policy. */
  readonly forwarding: (policy: SessionPolicy) => Promise<ForwardingOffer>;
  /** How the network is left to a gateway's link port, and who is asked where its proxy wants to know the user. */
  readonly network: ServiceNetwork;
  /** Changes the session in the store. */
  readonly update: (recipe: (session: Draft<Session>) => void) => void;
  /** Has the system open a file in the user's program for it; rejects where there is none. */
  readonly openFile: (path: string) => Promise<void>;
  /** The gateway has accepted: the protocol may begin. */
  readonly onAccepted?: (accepted: { readonly sshHostKey: string | null }) => void;
  readonly onResized: (size: { readonly columns: number; readonly rows: number }) => void;
  readonly clock: () => number;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
  readonly log: Log;
}

export interface AttemptTarget {
  readonly sessionId: string;
  readonly resourceId: ResourceId;
  readonly protocol: Protocol;
  /** The session of somebody else's that is only to be looked at; its own where it is left out. */
  readonly watched?: ConnectionId;
  /** The folder of the target to which its shell goes first. */
  readonly startFolder?: string | undefined;
  /** A program of the user's own speaks the protocol. */
  readonly foreign?: true;
}

/** That no other gateway is given: there is none, or the one before must have the word first. */
const NO_OTHER: ReadonlySet<ErrorCode> = new Set(['gateway.none-available', 'tunnel.no-default-gateway', 'request.conflict'] as const);

type Failure = Extract<SessionReport, { kind: 'failed' }>;
type Outcome = { readonly kind: 'connected' } | { readonly kind: 'failed'; readonly failure: Failure };

/** One attempt to reach a resource, and the session that comes of it: asks the service, has the process dial, retries on another gateway while it may, and follows the session to its end. */
export class SessionAttempt<Port> {
  readonly #parts: AttemptParts<Port>;
  readonly #target: AttemptTarget;
  readonly #view: AttemptView;
  readonly #atService: AttemptAtService;
  readonly #stop = new AbortController();
  #offer: ConnectionOffer | undefined;
  /** The first of two gateways, as it is now. */
  #first: Hop | undefined;
  #shownToProxies: ReadonlyMap<string, ProxyCredentials | null> = new Map();
  #connectedAt: number | undefined;
  #outcome: ((outcome: Outcome) => void) | undefined;
  #ended = Promise.withResolvers<EndedReport>();
  readonly #over = Promise.withResolvers<void>();
  #goodbye: NodeJS.Timeout | undefined;
  #processGone = false;
  /** The gateway's word about the recording can come before the shell's own answer. */
  #recordingEarly = false;
  #endReported = false;
  #drained = false;
  #finished = false;
  /** The connection to the gateway is cut, and being sought again. */
  #interrupted = false;
  #dragOuts: Extract<SessionReport, { kind: 'drag-outs' }>['ready'] = [];
  /** The user was asked for his sign-on to a proxy by a resume, and has not answered yet. */
  #askedForResume = false;

  constructor(target: AttemptTarget, parts: AttemptParts<Port>) {
    this.#target = target;
    this.#parts = parts;
    this.#view = new AttemptView(parts);
    this.#atService = new AttemptAtService({ ...parts, watches: this.#watches });
    parts.process.onReport((report) => this.#take(report));
    parts.process.onExit((exitCode) => this.#onProcessExit(exitCode));
  }

  /** Whether the session is somebody else's. */
  get #watches(): boolean {
    return this.#target.watched !== undefined;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Whether a session of the user's own stands that nobody has ended yet. */
  get isConnected(): boolean {
    return this.#connectedAt !== undefined && !this.#finished && this.#goodbye === undefined && !this.#watches;
  }

  /** Resolves when all is over and how it went stands in the store. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Runs to the end of the session; never rejects: how it went stands in the store. */
  async run(): Promise<void> {
    try {
      await this.#connect();
      await this.#showEnd(await this.#ended.promise);
    } catch (thrown) {
      await this.#showFailure(asMavisError(thrown));
    } finally {
      this.#finished = true;
      this.#over.resolve();
      await this.#atService.ended;
      if (this.#connectedAt === undefined) this.#parts.process.kill();
    }
  }

  /** Gives the process a port to the page; false where the process has gone. */
  givePort(port: Port): boolean {
    if (this.#processGone) return false;
    this.#parts.process.send({ kind: 'port' }, port);
    return true;
  }

  /** Lets the process at a folder of this computer. */
  grantFolder(path: string): void {
    if (!this.#processGone) this.#parts.process.send({ kind: 'local-folder', path });
  }

  /** Hands what the user dropped on the session's window to the process. */
  upload(dropped: Omit<Extract<SessionCommand, { kind: 'upload' }>, 'kind'>): void {
    if (!this.#processGone) this.#parts.process.send({ kind: 'upload', ...dropped });
  }

  /** Tells where unfinished transfers are kept, and were left, and where what is dragged out, and what is edited, may lie. */
  keepTransfers({ folder, left }: Pick<HeldJournals, 'folder' | 'left'>, dragOutFolder: string, editedFolder: string): void {
    if (!this.#processGone) this.#parts.process.send({ kind: 'transfer-journals', folder, left: [...left], dragOutFolder, editedFolder });
  }

  /** The paths of what can be dragged out of the window under a number; undefined where there is nothing. */
  dragOut(dragOutId: number): readonly string[] | undefined {
    return this.#dragOuts.find(({ id }) => id === dragOutId)?.paths;
  }

  answerPrompt(id: number, answers: readonly string[]): void {
    this.#parts.process.send({ kind: 'prompt-answer', id, answers: [...answers] });
    this.#view.connecting((phase) => {
      if (phase.prompt?.id === id) phase.prompt = null;
    });
  }

  /** Ends the session, or what has been reached of it. */
  end(): void {
    if (this.#finished) return;
    if (this.#connectedAt === undefined) {
      this.#stop.abort(new MavisError('connect.cancelled'));
      this.#send('cancel');
    } else {
      if (this.#interrupted) this.#atService.end(this.#offer);
      this.#send('end');
    }
    this.#goodbye ??= setTimeout(() => this.#parts.process.kill(), GOODBYE_LIMIT_MS);
  }

  /** Asks whether the connection is still there, or tries at once to resume. */
  checkLine(): void {
    if (this.#connectedAt !== undefined && !this.#finished) this.#send('check-line');
  }

  #send(kind: 'cancel' | 'end' | 'check-line'): void {
    if (!this.#processGone) this.#parts.process.send({ kind });
  }

  async #ask(): Promise<ConnectionOffer> {
    const { resourceId, protocol, watched, foreign: foreignClient = false } = this.#target;
    const { client } = this.#parts;
    const limits = { signal: this.#stop.signal, timeoutMs: ASK_TIMEOUT_MS };
    const offer = watched === undefined ? await client.call(connectionsRoutes.connectionAsk, { params: {}, query: {}, body: { resourceId, protocol, ...(foreignClient ? { foreignClient } : {}) } }, limits) : await client.call(connectionsRoutes.connectionWatch, { params: { connectionId: watched }, query: {}, body: {} }, limits);
    this.#view.begin('gateway-chosen');
    this.#useOffer(offer);
    return offer;
  }

  /** Asks and dials; where the network's proxy wants to know who the user is, he is asked, and what ran out meanwhile is asked for anew. */
  async #connect(): Promise<void> {
    for (;;) {
      const offer = await this.#ask();
      try {
        await this.#reach(offer);
        return;
      } catch (thrown) {
        const error = asMavisError(thrown);
        const proxy = unknownToProxy(error);
        if (proxy === null || this.#stop.signal.aborted || !(await this.#renewSignOn(proxy)) || this.#stop.signal.aborted) throw thrown;
        await this.#atService.claim(this.#offer, error);
        this.#view.begin('access');
      }
    }
  }

  /** Asks the user for his sign-on to a proxy; false where he does not give it, or ends the connection. */
  #renewSignOn(proxy: string): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancelled = (): void => resolve(false);
    this.#stop.signal.addEventListener('abort', cancelled, { once: true });
    this.#parts.network.renewSignOn(proxy, this.#shownToProxies.get(proxy) ?? null).then(resolve, (error: unknown) => {
      this.#parts.log.warn('sign-on to a proxy not asked for', {}, error);
      resolve(false);
    });
    return promise;
  }

  /** Dials, and tries other gateways while the connection's time lasts. True when connected; else throws the failure. */
  async #reach(first: ConnectionOffer): Promise<true> {
    const deadlineAt = this.#parts.monotonic() + first.deadlineMs;
    for (let offer = first; ; ) {
      this.#view.begin('gateway-reached');
      const outcome = await this.#dial(offer, this.#watches || this.#target.foreign === true ? undefined : await this.#parts.forwarding(offer.policy), deadlineAt);
      if (outcome.kind === 'connected') return true;
      const { failure } = outcome;
      const hop = this.#lastHop(offer, failure);
      this.#view.tried(offer, hop, failure);
      const error = new MavisError(knownErrorCode(failure.code), failure.args, { reference: offer.reference });
      const left = deadlineAt - this.#parts.monotonic();
      // A session is on the one gateway that holds it.
      if (this.#watches || failure.credentialSent || !catalogue[error.code].anotherGateway || left < LEAST_RETRY_MS || this.#stop.signal.aborted) throw error;
      this.#parts.log.warn('gateway not usable, trying another', { reference: offer.reference, gatewayName: hop.gatewayName, code: error.code, leg: failure.leg });
      offer = await this.#retry(offer, hop, failure, error, left);
    }
  }

  async #retry(offer: ConnectionOffer, hop: Hop, failure: Failure, error: MavisError, left: number): Promise<ConnectionOffer> {
    try {
      const body = { gatewayId: hop.gatewayId, leg: failure.leg, code: failure.code, milliseconds: Math.min(Math.round(failure.milliseconds), 60_000) };
      const next = await this.#parts.client.call(connectionsRoutes.connectionRetry, { params: { connectionId: offer.connectionId }, query: {}, body }, { signal: this.#stop.signal, timeoutMs: left });
      this.#useOffer(next);
      return next;
    } catch (thrown) {
      const { code } = asMavisError(thrown);
      this.#parts.log.warn('no other gateway was given', { reference: offer.reference, code });
      // That there is no other gateway, or that the service may give none as long as the first one's own word is missing, is not why the first one failed.
      throw NO_OTHER.has(code) ? error : thrown;
    }
  }

  #dial(offer: ConnectionOffer, forwarding: ForwardingOffer | undefined, deadlineAt: number): Promise<Outcome> {
    if (this.#processGone) throw new MavisError('session.crashed');
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#outcome = resolve;
    this.#parts.process.send({
      kind: 'start',
      protocol: offer.protocol,
      ...(this.#watches ? { watch: true as const } : {}),
      ...(this.#target.foreign === true ? { foreign: true as const } : {}),
      hops: offer.hops.map(dialled),
      identity: this.#parts.identity,
      deadlineMs: Math.max(deadlineAt - this.#parts.monotonic(), 0),
      terminal: { ...this.#parts.terminal },
      environment: Object.fromEntries(Object.entries(this.#parts.environment).filter(([name]) => offer.policy.environmentNames.includes(name))),
      ...(forwarding === undefined ? {} : { forwarding }),
      ...(this.#target.startFolder === undefined ? {} : { startFolder: this.#target.startFolder }),
    });
    if (offer.hops[0]) this.#sendWaysOut(offer, offer.hops[0]);
    return promise;
  }

  /** Looks up the ways out while the process dials the proxy ports: only where they are not reached does it need them. */
  #sendWaysOut(offer: ConnectionOffer, first: Hop, then: () => void = () => undefined): void {
    if (first.host === null || first.fallbackPort === null) return;
    const tell = (ways: readonly WayOut[]): void => {
      if (this.#processGone || this.#offer !== offer || this.#first !== first) return;
      this.#shownToProxies = new Map(ways.flatMap((way) => (way.kind === 'http-proxy' ? [[proxyName(way), way.credentials]] : [])));
      this.#parts.process.send({ kind: 'ways-out', ways: [...ways] });
      then();
    };
    this.#parts.network.waysOut({ host: first.host, port: first.fallbackPort }).then(tell, (error: unknown) => this.#parts.log.warn('ways out of the network not found', { reference: offer.reference }, error));
  }

  /** A resume came to a proxy that does not know the user: he is asked while the resume goes on, and what he says is shown to the proxy at once. Never rejects. */
  async #signOnForResume(proxy: string): Promise<void> {
    if (this.#askedForResume) return;
    this.#askedForResume = true;
    const given = await this.#renewSignOn(proxy);
    this.#askedForResume = false;
    if (given && this.#interrupted && this.#offer && this.#first) this.#sendWaysOut(this.#offer, this.#first, () => this.checkLine());
  }

  /** Gets another first gateway for a session that runs (rule 10). That none can be had now, or that the service is not reached, is told as none; the process asks again. */
  async #replaceFirst(): Promise<void> {
    const [offer, failed] = [this.#offer, this.#first];
    if (offer === undefined || failed === undefined) return;
    const { client, log, process } = this.#parts;
    try {
      const hop = await client.call(connectionsRoutes.connectionResumeWay, { params: { connectionId: offer.connectionId }, query: {}, body: { gatewayId: failed.gatewayId } }, { timeoutMs: NEW_FIRST_TIMEOUT_MS });
      if (this.#processGone || this.#finished) return;
      this.#first = hop;
      this.#parts.update((session) => {
        session.firstGatewayName = hop.gatewayName;
      });
      process.send({ kind: 'first-hop', hop: dialled(hop), over: null });
      this.#sendWaysOut(offer, hop);
      log.info('another first gateway for a session', { sessionId: this.#target.sessionId, reference: offer.reference, gatewayName: hop.gatewayName });
    } catch (thrown) {
      const { code } = asMavisError(thrown);
      log.warn('no other first gateway for a session now', { sessionId: this.#target.sessionId, reference: offer.reference, code }, thrown);
      if (!this.#processGone) process.send({ kind: 'first-hop', hop: null, over: /^(?:session|access|resource)\./.test(code) ? code : null });
    }
  }

  #openFile(path: string): void {
    this.#parts.openFile(path).catch((error: unknown) => {
      this.#parts.log.warn('file not opened', { sessionId: this.#target.sessionId }, error);
      if (!this.#processGone) this.#parts.process.send({ kind: 'file-not-opened', path });
    });
  }

  #take(message: unknown): void {
    const parsed = sessionReport.safeParse(message);
    if (!parsed.success) {
      this.#parts.log.error('report of a session process not understood', { sessionId: this.#target.sessionId });
      return;
    }
    const report = parsed.data;
    switch (report.kind) {
      case 'open-file':
        this.#openFile(report.path);
        break;
      case 'drag-outs':
        this.#dragOuts = report.ready;
        break;
      case 'way':
        this.#parts.update((session) => {
          session.way = report.way;
        });
        break;
      case 'reached':
        this.#view.begin('target-reached');
        break;
      case 'progress':
        this.#onProgress(report.step);
        break;
      case 'prompt':
        this.#view.connecting((phase) => {
          phase.prompt = report.prompt;
        });
        break;
      case 'failed':
        this.#outcome?.({ kind: 'failed', failure: report });
        break;
      case 'accepted':
        // Before the step at which a desktop's engine begins: it needs them.
        this.#parts.update((session) => {
          session.targetEncrypted = report.targetEncrypted;
          session.targetCertificate = report.targetCertificate;
        });
        this.#view.begin('recording');
        this.#parts.onAccepted?.({ sshHostKey: report.sshHostKey });
        break;
      case 'connected':
        this.#onConnected();
        break;
      case 'recording':
        this.#onRecording();
        break;
      case 'watched':
        this.#parts.update((session) => {
          session.watchedBy = report.watchers === 0 ? null : { watchers: report.watchers, names: [...report.by] };
        });
        break;
      case 'ends-soon':
        this.#view.connected((phase) => {
          phase.endsSoon = { code: report.code, at: new Date(this.#parts.clock() + report.secondsLeft * 1000).toISOString() };
        });
        break;
      case 'round-trip':
        this.#view.connected((phase) => {
          phase.roundTripMs = Math.round(report.milliseconds * 10) / 10;
        });
        break;
      case 'interrupted':
        this.#onInterrupted(report.secondsLeft);
        break;
      case 'proxy-sign-on':
        void this.#signOnForResume(report.proxy);
        break;
      case 'resumed':
        this.#interrupted = false;
        this.#view.connected((phase) => {
          phase.resuming = null;
        });
        this.#parts.log.info('session resumed', { sessionId: this.#target.sessionId, reference: this.#offer?.reference });
        break;
      case 'first-hop-wanted':
        void this.#replaceFirst();
        break;
      case 'resized':
        this.#parts.onResized(report);
        break;
      case 'forwarding':
        this.#parts.update((session) => {
          session.forwarding[report.what] = report.state;
        });
        break;
      case 'ended':
        this.#endReported = true;
        // Where the first of two gateways is gone, the last one waits for a client that finds no way to it.
        if (this.#interrupted && report.code === 'session.gateway-lost' && this.#offer?.hops.length === 2) this.#atService.end(this.#offer);
        this.#ended.resolve(report);
        this.#killWhenDone();
        break;
      case 'drained':
        this.#drained = true;
        this.#killWhenDone();
        break;
      default:
        report satisfies never;
    }
  }

  #onProgress(detail: ProgressStep): void {
    if (detail === 'target-reached') this.#view.begin('signed-on');
    else if (detail === 'signed-on') this.#view.begin('recording');
    this.#view.connecting((phase) => {
      phase.detail = detail;
      if (detail === 'signed-on') phase.prompt = null;
    });
  }

  /** The page may have everything before the gateway has said why the session ended, and the other way round: the process is needed for both. */
  #killWhenDone(): void {
    if (this.#endReported && this.#drained) this.#parts.process.kill();
  }

  #onConnected(): void {
    this.#connectedAt = this.#parts.clock();
    const since = new Date(this.#connectedAt).toISOString();
    const recording = this.#recordingEarly;
    this.#parts.update((session) => {
      session.phase = { status: 'connected', since, recording, roundTripMs: null, endsSoon: null, resuming: null };
    });
    this.#parts.log.info('session connected', { sessionId: this.#target.sessionId, reference: this.#offer?.reference, gatewayName: this.#offer?.hops.at(-1)?.gatewayName });
    this.#outcome?.({ kind: 'connected' });
  }

  #onRecording(): void {
    this.#recordingEarly = true;
    this.#view.noteStep();
    this.#view.connected((phase) => {
      phase.recording = true;
    });
  }

  #onInterrupted(secondsLeft: number): void {
    this.#interrupted = true;
    const now = this.#parts.clock();
    this.#view.connected((phase) => {
      phase.roundTripMs = null;
      phase.resuming = { since: new Date(now).toISOString(), until: new Date(now + secondsLeft * 1000).toISOString() };
    });
    this.#parts.log.warn('session interrupted', { sessionId: this.#target.sessionId, reference: this.#offer?.reference, gatewayName: this.#offer?.hops.at(-1)?.gatewayName });
  }

  #onProcessExit(exitCode: number): void {
    this.#processGone = true;
    clearTimeout(this.#goodbye);
    const milliseconds = this.#view.stepMs;
    if (!this.#finished && !this.#stop.signal.aborted) this.#parts.log.warn(crashMessages.session, { sessionId: this.#target.sessionId, exitCode });
    this.#outcome?.({ kind: 'failed', failure: { kind: 'failed', code: this.#stop.signal.aborted ? 'connect.cancelled' : 'session.crashed', args: {}, leg: 'L2', credentialSent: true, milliseconds } });
    this.#ended.resolve({ kind: 'ended', code: 'session.crashed', args: {}, exitStatus: null, signal: null });
  }

  #useOffer(offer: ConnectionOffer): void {
    this.#offer = offer;
    this.#first = offer.hops[0];
    this.#view.offered(offer);
  }

  #lastHop(offer: ConnectionOffer, failure: Failure): Hop {
    const named = offer.hops.find(({ gatewayName }) => gatewayName === failure.args['gateway']);
    // What is said of the target is said by the last gateway; an unnamed failure before it is the first one's.
    const hop = named ?? (failure.leg === 'L4' ? offer.hops.at(-1) : offer.hops[0]);
    if (!hop) throw new MavisError('service.answer-invalid');
    return hop;
  }

  async #showEnd(ended: EndedReport): Promise<void> {
    const error = endError(ended);
    const durationMs = this.#parts.clock() - (this.#connectedAt ?? this.#parts.clock());
    this.#parts.update((session) => {
      session.phase = { status: 'ended', error: shown(error, session.reference), exitStatus: ended.exitStatus, signal: ended.signal, durationMs };
    });
    this.#parts.log.info('session ended', { sessionId: this.#target.sessionId, reference: this.#offer?.reference, code: error.code, milliseconds: durationMs });
    // Its gateway sees a line that broke and waits for a client that does not come back; what happened is known here alone.
    if (error.code === 'session.crashed') await this.#atService.claim(this.#offer, error);
  }

  async #showFailure(error: MavisError): Promise<void> {
    const reference = this.#offer?.reference ?? error.reference ?? null;
    const step = this.#offer === undefined && ['L3', 'gateway'].includes(error.entry.leg) ? 'gateway-chosen' : this.#view.step;
    this.#parts.update((session) => {
      session.reference ??= reference;
      session.phase = { status: 'failed', error: shown(error, reference), step };
    });
    this.#parts.log.warn('connection failed', { sessionId: this.#target.sessionId, reference, code: error.code, leg: error.entry.leg, step }, error);
    await this.#atService.claim(this.#offer, error);
  }

}

/** Ends of which the gateway may tell by whom they came, where the session's policy says so. */
const TOLD_BY: ReadonlyMap<ErrorCode, ErrorCode> = new Map([['session.terminated', 'session.terminated-by'], ['session.user-disabled', 'session.user-disabled-by']]);
/** A name longer than any that the service gives; the gateway's word is bounded all the same. */
const MAX_NAME = 200;

/** Why a session ended, as it is shown. */
function endError(ended: EndedReport): MavisError {
  const code = knownErrorCode(ended.code);
  const { by } = ended.args;
  const toldBy = TOLD_BY.get(code);
  return toldBy === undefined || typeof by !== 'string' || by === '' ? new MavisError(code, ended.args) : new MavisError(toldBy, { by: by.slice(0, MAX_NAME) });
}

/** What the process needs to know of a gateway to dial it. */
function dialled({ gatewayName, host, ports, fallbackPort, pins, ticket }: Hop): Extract<SessionCommand, { kind: 'start' }>['hops'][number] {
  return { gatewayName, host, ports, fallbackPort, pins, ticket };
}
