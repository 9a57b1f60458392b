import { asElectron, Covered, debug } from './covered.ts';
import { CONTROL_FRAME, decodeFrame, decodeMessage, encodeControl, encodeMessage, encodePortFrame } from './page/wire.ts';

interface Queued {
  readonly payload: Uint8Array;
  readonly ports: readonly PortEnd[];
}

/** Where an end lives: in this process behind a handle, or in another process under an id of a connection. */
type Place = { readonly kind: 'here'; readonly handle: StandInMessagePort } | { readonly kind: 'remote'; readonly connection: PortConnection; readonly id: number };

/** One end of a message channel. Messages wait in it until it has a place that takes them. */
class PortEnd {
  peer: PortEnd | undefined;
  #place: Place | undefined;
  #queue: Queued[] = [];
  #closed = false;

  /** Gives the end to this process or to another one. What has waited is delivered by the next `flush`. */
  place(place: Place | undefined): void {
    this.#place = place;
  }

  /** Takes a message that the peer has sent. */
  receive(message: Queued): void {
    if (this.#closed) return;
    this.#queue.push(message);
    this.flush();
  }

  /** Delivers what has waited, if the end is ready for it. */
  flush(): void {
    const place = this.#place;
    if (!place || (place.kind === 'here' && !place.handle.isStarted)) return;
    for (const { payload, ports } of this.#queue.splice(0)) {
      if (place.kind === 'remote') place.connection.sendPortMessage(place.id, payload, ports);
      else place.handle.emit('message', { data: decodeMessage(payload), ports: ports.map(portHandle) });
    }
  }

  /** Closes the channel from this end: the other end is told. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.peer?.closedByPeer();
  }

  /** Closes this end because the other one has closed. */
  closedByPeer(): void {
    if (this.#closed) return;
    this.#closed = true;
    const place = this.#place;
    if (place?.kind === 'remote') place.connection.closePort(place.id);
    else place?.handle.emit('close');
  }
}

function entangle(): readonly [PortEnd, PortEnd] {
  const first = new PortEnd();
  const second = new PortEnd();
  first.peer = second;
  second.peer = first;
  return [first, second];
}

/** `MessagePortMain`: an end of a channel in this process. */
export class StandInMessagePort extends Covered implements Pick<Electron.MessagePortMain, 'postMessage' | 'start' | 'close'> {
  #end: PortEnd | undefined;
  #started = false;

  constructor(end: PortEnd) {
    super('MessagePortMain', ['message', 'close']);
    this.#end = end;
    end.place({ kind: 'here', handle: this });
  }

  /** True once `start` was called: messages wait until then. */
  get isStarted(): boolean {
    return this.#started;
  }

  postMessage(message: unknown, transfer: readonly Electron.MessagePortMain[] = []): void {
    const payload = encodeMessage(message);
    const ports = takeAll(transfer);
    this.#end?.peer?.receive({ payload, ports });
  }

  start(): void {
    this.#started = true;
    this.#end?.flush();
  }

  close(): void {
    this.#end?.close();
    this.emit('close');
  }

  /** Takes the end out, to give it to another process; the handle is of no more use then. */
  takeEnd(): PortEnd {
    const end = this.#end;
    if (!end) throw new Error('Port at index 0 is already neutered');
    this.#end = undefined;
    end.place(undefined);
    return end;
  }
}

const handles = new WeakSet<object>();

function portHandle(end: PortEnd): StandInMessagePort {
  const handle = new StandInMessagePort(end);
  handles.add(handle);
  return handle;
}

function takeAll(transfer: readonly unknown[]): PortEnd[] {
  return transfer.map((port, index) => {
    if (typeof port !== 'object' || port === null || !handles.has(port)) throw new TypeError(`Port at index ${index} is not a valid port`);
    return (port as StandInMessagePort).takeEnd();
  });
}

/** `MessageChannelMain`: two entangled ports. */
export class StandInMessageChannel {
  readonly port1: Electron.MessagePortMain;
  readonly port2: Electron.MessagePortMain;

  constructor() {
    const [first, second] = entangle();
    this.port1 = asElectron(portHandle(first));
    this.port2 = asElectron(portHandle(second));
  }
}

/** A way to another process (a page or a utility process) over which control messages and the messages of transferred ports go. */
export class PortConnection {
  readonly #ends = new Map<number, PortEnd>();
  readonly #send: (frame: Uint8Array) => void;
  readonly #step: 1 | -1;
  #nextId: number;

  /**
   * @param send writes a frame
   * @param side the parent numbers the ports it gives from 1 up, the child from -1 down
   */
  constructor(send: (frame: Uint8Array) => void, side: 'parent' | 'child') {
    this.#send = send;
    this.#step = side === 'parent' ? 1 : -1;
    this.#nextId = this.#step;
  }

  /** Sends a control message. Throws "An object could not be cloned." */
  sendControl(value: unknown): void {
    this.#send(encodeControl(value));
  }

  /**
   * Gives ports of this process to the other one.
   * @param send sends the message that tells of the ports by their ids; only after it what has waited in them follows
   */
  give(transfer: readonly unknown[], send: (portIds: number[]) => void): void {
    this.#giveEnds(takeAll(transfer), send);
  }

  /** Makes the ports that the other side has given. */
  accept(ids: readonly number[]): Electron.MessagePortMain[] {
    return this.#acceptEnds(ids).map((end) => asElectron(portHandle(end)));
  }

  /** Sends a message on a port that lives on the other side. */
  sendPortMessage(id: number, payload: Uint8Array, ports: readonly PortEnd[]): void {
    this.#giveEnds(ports, (portIds) => this.#send(encodePortFrame(id, payload, portIds)));
  }

  /** Tells the other side that a port's peer has closed. */
  closePort(id: number): void {
    if (this.#ends.delete(id)) this.sendControl({ t: 'close-port', id });
  }

  /** Takes a frame as it came; control messages that do not concern ports are handed to `onControl`. */
  receive(frame: Uint8Array, onControl: (value: unknown) => void): void {
    const decoded = decodeFrame(frame);
    if (decoded.kind === CONTROL_FRAME) {
      const value = decoded.value as { t: string; id: number };
      if (value.t !== 'close-port') {
        onControl(decoded.value);
        return;
      }
      const end = this.#ends.get(value.id);
      this.#ends.delete(value.id);
      end?.close();
      return;
    }
    const end = this.#ends.get(decoded.id);
    if (!end) debug('message for a port that is closed', decoded.id);
    end?.peer?.receive({ payload: decoded.payload, ports: this.#acceptEnds(decoded.portIds) });
  }

  /** The other side is gone: all channels that led there close. */
  close(): void {
    const ends = [...this.#ends.values()];
    this.#ends.clear();
    for (const end of ends) end.close();
  }

  #giveEnds(ends: readonly PortEnd[], send: (portIds: number[]) => void): void {
    send(ends.map((end) => this.#adopt(end)));
    for (const end of ends) end.flush();
  }

  #adopt(end: PortEnd): number {
    const id = this.#nextId;
    this.#nextId += this.#step;
    this.#ends.set(id, end);
    end.place({ kind: 'remote', connection: this, id });
    return id;
  }

  #acceptEnds(ids: readonly number[]): PortEnd[] {
    return ids.map((id) => {
      const [there, here] = entangle();
      this.#ends.set(id, there);
      there.place({ kind: 'remote', connection: this, id });
      return here;
    });
  }
}
