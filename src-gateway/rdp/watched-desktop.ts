import { frameKind } from '../../shared/recording/recording-frame.ts';
import { isLicense } from '../../shared/rdp/licensing.ts';
import { isSlowPath } from '../../shared/rdp/pdu-framer.ts';
import { dataKind, mcs, shareKind } from '../../shared/rdp/pdu-kinds.ts';
import { RdpFormatError } from '../../shared/rdp/rdp-format-error.ts';
import type { Clock } from '../clock/clock.ts';
import { PicturePace } from '../watches/picture-pace.ts';
import { BEGINS_ANEW, type WatchSink, type WatchSource } from '../watches/watch-source.ts';
import { DrawnTiles } from './drawn-tiles.ts';
import { mcsKind, mcsOf, readChannelData } from './wire/mcs.ts';
import { encodePictureRequest, readDemandActive, type TargetShare } from './wire/picture-request.ts';
import { sharePdus } from './wire/share.ts';

/** What is kept of a connection's beginning: twenty PDUs of some kilobytes; more is no handshake. */
const MOST_KEPT_BYTES = 256 * 1024;
/** What a client waits for before it draws (MS-RDPBCGR 1.3.1.1). */
const FINALIZING: ReadonlySet<number> = new Set([dataKind.synchronize, dataKind.control, dataKind.fontMap]);
/** Where an Attach User Confirm names the user (ITU-T T.125), behind its kind and its result. */
const USER_AT = 2;
const SHARE_VERSION = 0x10;

export interface WatchedDesktopParts {
  readonly clock: Pick<Clock, 'setTimer' | 'monotonicMs'>;
  /** Sends the target of the connection that runs PDUs in the client's place. */
  readonly ask: (pdus: readonly Buffer[]) => void;
  /** Told when nobody can enter any more: the target's beginning cannot be read, or is longer than any. */
  readonly lost: () => void;
}

/** The target's side of one connection's beginning, by which a decoder goes through a handshake of its own. */
interface Beginning {
  readonly opening: Buffer[];
  /** From the demand of the share to the font map; a target may do this again in the middle. */
  activation: Buffer[];
  keptBytes: number;
  user: number | undefined;
  share: TargetShare | undefined;
  readonly tiles: DrawnTiles;
  drawing: boolean;
}

/**
 * An RDP desktop as its watchers see it: the beginning of the connection that runs, the picture as far as RemoteFX has drawn it, then
 * the target's own PDUs from one of them on, and a whole picture that the target is asked for. No caches, orders or compression are
 * negotiated here (rule 23), so that nothing else of before is needed.
 */
export class WatchedDesktop implements WatchSource {
  readonly #parts: WatchedDesktopParts;
  readonly #waiting = new Set<WatchSink>();
  readonly #sinks = new Set<WatchSink>();
  readonly #pace: PicturePace;
  #beginning: Beginning | undefined;

  constructor(parts: WatchedDesktopParts) {
    this.#parts = parts;
    this.#pace = new PicturePace(parts.clock, () => this.#letIn());
  }

  /** Whether anybody could enter, now or a little later. */
  get enterable(): boolean {
    return this.#beginning !== undefined;
  }

  /** A connection begins, the first or one in another size (rule 24), with the answer to its request. */
  began(confirm: Buffer): void {
    this.#beginning = { opening: [confirm], activation: [], keptBytes: confirm.length, user: undefined, share: undefined, tiles: new DrawnTiles(), drawing: false };
    this.#show(confirm);
  }

  /** PDUs of the target that go on to the client, each whole. */
  went(pdus: readonly Buffer[]): void {
    const beginning = this.#beginning;
    if (beginning === undefined) return;
    try {
      for (const pdu of pdus) {
        this.#show(pdu);
        if (isSlowPath(pdu)) takeSlowPath(beginning, pdu);
        else beginning.tiles.take(pdu);
      }
    } catch (error) {
      // What the session lets through may still be no beginning for another: that is the watchers' loss alone.
      if (!(error instanceof RdpFormatError)) throw error;
      this.#beginning = undefined;
      this.#parts.lost();
      return;
    }
    this.#letIn();
  }

  join(sink: WatchSink): () => void {
    this.#waiting.add(sink);
    this.#letIn();
    return () => {
      this.#waiting.delete(sink);
      this.#sinks.delete(sink);
    };
  }

  stop(): void {
    this.#pace.stop();
    this.#waiting.clear();
    this.#sinks.clear();
  }

  #show(pdu: Buffer): void {
    for (const sink of this.#sinks) sink(frameKind.output, pdu);
  }

  /** Lets in who waits, where the target draws and is not in the middle of an update. */
  #letIn(): void {
    const beginning = this.#beginning;
    if (beginning === undefined || this.#waiting.size === 0 || !beginning.drawing || beginning.tiles.fragmented || !this.#pace.take()) return;
    const { opening, activation, tiles, share, user } = beginning;
    const before = Buffer.concat([...opening, ...activation, ...tiles.pdus(share ?? NO_SIZE)]);
    for (const sink of this.#waiting) {
      sink(frameKind.mark, BEGINS_ANEW);
      sink(frameKind.output, before);
      this.#sinks.add(sink);
    }
    this.#waiting.clear();
    if (share !== undefined && user !== undefined) this.#parts.ask(encodePictureRequest(share, user));
  }
}

const NO_SIZE = { width: 0, height: 0 };

function takeSlowPath(beginning: Beginning, pdu: Buffer): void {
  const bytes = mcsOf(pdu);
  const kind = mcsKind(bytes);
  if (kind !== mcs.sendIndication) {
    if (beginning.share !== undefined) return;
    if (kind === mcs.attachConfirm && bytes.length >= USER_AT + 2) beginning.user = bytes.readUInt16BE(USER_AT);
    keep(beginning, beginning.opening, pdu);
    return;
  }
  const { channelId, data } = readChannelData(bytes);
  if (isLicense(data)) {
    if (beginning.share === undefined) keep(beginning, beginning.opening, pdu);
    return;
  }
  // The channel on which a target demands the share is the one of all pictures; others have their own formats.
  if (beginning.share === undefined ? !demandsShare(data) : channelId !== beginning.share.channelId) return;
  takeShare(beginning, pdu, channelId, data);
}

function demandsShare(data: Buffer): boolean {
  return data.length >= 4 && (data.readUInt16LE(2) & 0xff) === (SHARE_VERSION | shareKind.demandActive);
}

function takeShare(beginning: Beginning, pdu: Buffer, channelId: number, data: Buffer): void {
  for (const one of sharePdus(data)) {
    if (one.dataKind === dataKind.update) beginning.tiles.forget();
    if (one.kind === shareKind.deactivateAll) beginning.drawing = false;
    else if (one.kind === shareKind.demandActive) {
      for (const before of beginning.activation) beginning.keptBytes -= before.length;
      Object.assign(beginning, { activation: [], drawing: false, share: readDemandActive(one.body, channelId) });
      keep(beginning, beginning.activation, pdu);
    } else if (!beginning.drawing && beginning.share !== undefined && one.dataKind !== undefined && FINALIZING.has(one.dataKind)) {
      keep(beginning, beginning.activation, pdu);
      beginning.drawing = one.dataKind === dataKind.fontMap;
    }
  }
}

/** A copy: the rest of what came with it need not stay. Throws RdpFormatError where it is too much. */
function keep(beginning: Beginning, place: Buffer[], pdu: Buffer): void {
  beginning.keptBytes += pdu.length;
  if (beginning.keptBytes > MOST_KEPT_BYTES) throw new RdpFormatError('watch: beginning without an end');
  place.push(Buffer.from(pdu));
}
