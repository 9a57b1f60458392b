import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from './seeded-random.ts';
import { latencyOf, slice, toxicOf, type Direction, type Toxic, type ToxicSet } from './toxics.ts';

/** Where a fault proxy leads, and the seed of its chances. */
export type FaultProxySettings = {
  readonly target: { readonly host: string; readonly port: number };
  readonly seed: number;
  /** Port to listen on; a free one without it. */
  readonly port?: number;
  /** Address of loopback to listen on: another one than 127.0.0.1 lets the proxy have the port of what it stands before. */
  readonly host?: string;
};

/** A TCP proxy on loopback that makes faults on the wire. Toxics work at once, on connections that stand too. */
export type FaultProxy = {
  readonly host: string;
  readonly port: number;
  /** Sets or replaces a toxic by name. */
  set(direction: Direction, name: string, toxic: Toxic): void;
  /** Removes a toxic by name, or all of a direction, or all. */
  clear(direction?: Direction, name?: string): void;
  /** Down: new connections are refused and those that stand are reset. */
  setDown(down: boolean): Promise<void>;
  /** Resets all connections that stand, once. */
  resetAll(): void;
  /** Leads new connections elsewhere. */
  retarget(target: FaultProxySettings['target']): void;
  /** Calls once when so many more bytes have got through in a direction; not at all where the proxy is stopped before. */
  afterBytes(direction: Direction, bytes: number, then: () => void): void;
  /** Bytes that got through so far. */
  readonly bytes: Readonly<Record<Direction, number>>;
  /** Connections that stand. */
  readonly connections: number;
  stop(): Promise<void>;
};

/** Data waits in memory under latency or bandwidth; beyond this much the sender is held back, as a full pipe would. */
const waitingLimitBytes = 4 * 1024 * 1024;

/** How often a direction looks whether a toxic that holds it was cleared. */
const lookAgainMs = 20;

/** Starts a fault proxy. Whoever starts it stops it. */
export async function startFaultProxy(settings: FaultProxySettings): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(settings);
  await proxy.setDown(false);
  return proxy;
}

class TcpFaultProxy implements FaultProxy {
  readonly host: string;
  readonly bytes = { up: 0, down: 0 };
  readonly toxics: Readonly<Record<Direction, Map<string, Toxic>>> = { up: new Map(), down: new Map() };
  readonly random: () => number;
  readonly #pairs = new Set<ConnectionPair>();
  #awaited: { readonly direction: Direction; readonly bytes: number; readonly then: () => void }[] = [];
  #target: FaultProxySettings['target'];
  #port: number;
  #server: Server | undefined;

  constructor(settings: FaultProxySettings) {
    this.#target = settings.target;
    this.host = settings.host ?? '127.0.0.1';
    this.#port = settings.port ?? 0;
    this.random = seededRandom(settings.seed);
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  set(direction: Direction, name: string, toxic: Toxic): void {
    this.toxics[direction].set(name, toxic);
    for (const pair of this.#pairs) pair.toxicsChanged();
  }

  clear(direction?: Direction, name?: string): void {
    const directions = direction === undefined ? (['up', 'down'] as const) : [direction];
    for (const one of directions) {
      if (name === undefined) this.toxics[one].clear();
      else this.toxics[one].delete(name);
    }
    for (const pair of this.#pairs) pair.toxicsChanged();
  }

  async setDown(down: boolean): Promise<void> {
    if (!down) return this.#listen();
    const server = this.#server;
    this.#server = undefined;
    this.resetAll();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  resetAll(): void {
    for (const pair of this.#pairs) pair.reset();
  }

  retarget(target: FaultProxySettings['target']): void {
    this.#target = target;
  }

  afterBytes(direction: Direction, bytes: number, then: () => void): void {
    this.#awaited.push({ direction, bytes: this.bytes[direction] + bytes, then });
  }

  /** Counts what got through. */
  count(direction: Direction, bytes: number): void {
    this.bytes[direction] += bytes;
    const due = this.#awaited.filter((one) => this.bytes[one.direction] >= one.bytes);
    this.#awaited = this.#awaited.filter((one) => !due.includes(one));
    for (const { then } of due) then();
  }

  async stop(): Promise<void> {
    this.#awaited = [];
    await this.setDown(true);
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  #accept(client: Socket): void {
    const target = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const pair = new ConnectionPair(client, target, this);
    this.#pairs.add(pair);
    void pair.ended.then(() => this.#pairs.delete(pair));
  }
}

/** The two sockets of one proxied connection. */
class ConnectionPair {
  readonly ended: Promise<unknown>;
  readonly #sockets: readonly [Socket, Socket];
  readonly #proxy: TcpFaultProxy;
  readonly #abort = new AbortController();
  #timers: NodeJS.Timeout[] = [];

  constructor(client: Socket, target: Socket, proxy: TcpFaultProxy) {
    this.#sockets = [client, target];
    this.#proxy = proxy;
    for (const socket of this.#sockets) socket.on('error', () => this.reset());
    this.ended = Promise.all([this.#relay(client, target, 'up'), this.#relay(target, client, 'down')]).finally(() => this.#close());
    this.toxicsChanged();
  }

  /** Ends both sides with a reset, as a firewall or a crash would. */
  reset(): void {
    this.#abort.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) if (!socket.destroyed) socket.resetAndDestroy();
  }

  /** Starts the clocks of toxics that end a connection after a time. */
  toxicsChanged(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = (['up', 'down'] as const).flatMap((direction) => {
      const set = this.#proxy.toxics[direction];
      const resets = toxicOf(set, 'reset_peer');
      const closes = toxicOf(set, 'timeout');
      return [
        ...(resets === undefined ? [] : [setTimeout(() => this.reset(), resets.timeoutMs)]),
        ...(closes === undefined || closes.timeoutMs === 0 ? [] : [setTimeout(() => this.#close(), closes.timeoutMs)]),
      ];
    });
  }

  #close(): void {
    this.#abort.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #relay(from: Socket, to: Socket, direction: Direction): Promise<void> {
    const queue = new DelayedQueue(to, direction, this.#proxy, this.#abort.signal, () => this.#close());
    try {
      for await (const data of from.iterator({ destroyOnReturn: false })) await queue.push(data as Buffer);
      await queue.finish();
    } catch {
      this.reset();
    }
  }
}

/** Brings data to a socket as late, as slowly and in such pieces as the toxics of a direction say. */
class DelayedQueue {
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #proxy: TcpFaultProxy;
  readonly #signal: AbortSignal;
  readonly #close: () => void;
  #waitingBytes = 0;
  #lastDueAt = 0;
  #through = 0;
  #delivery: Promise<void> = Promise.resolve();

  constructor(to: Socket, direction: Direction, proxy: TcpFaultProxy, signal: AbortSignal, close: () => void) {
    this.#to = to;
    this.#direction = direction;
    this.#proxy = proxy;
    this.#signal = signal;
    this.#close = close;
  }

  /** Takes data; resolves at once unless too much is waiting already. */
  async push(data: Buffer): Promise<void> {
    const dueAt = Math.max(this.#lastDueAt, performance.now() + latencyOf(this.#toxics, this.#proxy.random));
    this.#lastDueAt = dueAt;
    this.#waitingBytes += data.length;
    this.#delivery = this.#delivery.then(() => this.#deliver(data, dueAt));
    this.#delivery.catch(() => undefined);
    if (this.#waitingBytes > waitingLimitBytes) await this.#delivery;
  }

  /** Ends the stream after everything got through. */
  async finish(): Promise<void> {
    await this.#delivery;
    await this.#passHeld();
    const slow = toxicOf(this.#toxics, 'slow_close');
    if (slow !== undefined) await delay(slow.delayMs, undefined, { signal: this.#signal });
    this.#to.end();
  }

  get #toxics(): ToxicSet {
    return this.#proxy.toxics[this.#direction];
  }

  async #deliver(data: Buffer, dueAt: number): Promise<void> {
    const wait = dueAt - performance.now();
    if (wait > 0) await delay(wait, undefined, { signal: this.#signal });
    const pieces = slice(data, this.#toxics, this.#proxy.random);
    for (const piece of pieces) await this.#pass(piece);
    this.#waitingBytes -= data.length;
  }

  async #pass(piece: Buffer): Promise<void> {
    await this.#passHeld();
    const limit = toxicOf(this.#toxics, 'limit_data');
    const allowed = limit === undefined ? piece : piece.subarray(0, Math.max(0, limit.bytes - this.#through));
    if (allowed.length > 0) await this.#write(allowed);
    if (limit !== undefined && this.#through >= limit.bytes) return this.#close();
    const bandwidth = toxicOf(this.#toxics, 'bandwidth');
    const slicer = toxicOf(this.#toxics, 'slicer');
    const pauseMs = (bandwidth === undefined ? 0 : (piece.length / bandwidth.bytesPerSecond) * 1000) + (slicer?.delayMs ?? 0);
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: this.#signal });
  }

  /** Waits while a `timeout` toxic lets nothing through. */
  async #passHeld(): Promise<void> {
    while (toxicOf(this.#toxics, 'timeout') !== undefined) await delay(lookAgainMs, undefined, { signal: this.#signal });
  }

  async #write(data: Buffer): Promise<void> {
    this.#through += data.length;
    this.#proxy.count(this.#direction, data.length);
    if (this.#to.write(data)) return;
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#to.off('drain', onDrain).off('close', onClose);
        settle();
      };
      const onDrain = (): void => finish(resolve);
      const onClose = (): void => finish(() => reject(new Error('closed')));
      this.#to.once('drain', onDrain).once('close', onClose);
    });
  }
}
