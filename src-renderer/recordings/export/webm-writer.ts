/** Elements of WebM (RFC 8794 EBML; RFC 9559 Matroska), as far as one silent film needs them. */
const element = {
  ebml: [0x1a, 0x45, 0xdf, 0xa3], docType: [0x42, 0x82], docTypeVersion: [0x42, 0x87], docTypeReadVersion: [0x42, 0x85],
  segment: [0x18, 0x53, 0x80, 0x67], info: [0x15, 0x49, 0xa9, 0x66], timestampScale: [0x2a, 0xd7, 0xb1], duration: [0x44, 0x89], muxingApp: [0x4d, 0x80], writingApp: [0x57, 0x41],
  tracks: [0x16, 0x54, 0xae, 0x6b], track: [0xae], trackNumber: [0xd7], trackUid: [0x73, 0xc5], trackType: [0x83], lacing: [0x9c], codec: [0x86],
  video: [0xe0], width: [0xb0], height: [0xba], cluster: [0x1f, 0x43, 0xb6, 0x75], clusterTime: [0xe7], block: [0xa3],
} as const;
type Id = (typeof element)[keyof typeof element];

/** A size that is not known yet: the segment goes on to the end of the file. */
const UNKNOWN_SIZE = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const NANOSECONDS_A_MILLISECOND = 1_000_000;
const VIDEO = 1;
const KEY_FRAME = 0x80;
/** A block's time is 16 bits behind its cluster's: a new cluster begins well before. */
const CLUSTER_MS = 20_000;

export interface FilmFrame {
  readonly atMs: number;
  readonly key: boolean;
  readonly data: Uint8Array;
}

/** The beginning of a film of VP8: what it is, how large, how long. Clusters follow. */
export function webmHead({ width, height, durationMs }: { readonly width: number; readonly height: number; readonly durationMs: number }): Uint8Array {
  const text = (id: Id, value: string) => written(id, new TextEncoder().encode(value));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setFloat64(0, durationMs);
  const info = written(element.info, number(element.timestampScale, NANOSECONDS_A_MILLISECOND), text(element.muxingApp, 'MAVIS Desktop'), text(element.writingApp, 'MAVIS Desktop'), written(element.duration, length));
  const picture = written(element.video, number(element.width, width), number(element.height, height));
  const track = written(element.track, number(element.trackNumber, 1), number(element.trackUid, 1), number(element.trackType, VIDEO), number(element.lacing, 0), text(element.codec, 'V_VP8'), picture);
  return joined(
    written(element.ebml, text(element.docType, 'webm'), number(element.docTypeVersion, 4), number(element.docTypeReadVersion, 2)),
    Uint8Array.from(element.segment), UNKNOWN_SIZE,
    info, written(element.tracks, track),
  );
}

/** Gathers frames into clusters, each of which begins with a key frame where the film is cut there. */
export class ClusterWriter {
  #frames: FilmFrame[] = [];

  /** Takes the next frame; gives the cluster that is whole now, if any. */
  add(frame: FilmFrame): Uint8Array | undefined {
    const first = this.#frames[0];
    const whole = first !== undefined && (frame.key || frame.atMs - first.atMs >= CLUSTER_MS) ? this.end() : undefined;
    this.#frames.push(frame);
    return whole;
  }

  /** The last cluster. */
  end(): Uint8Array | undefined {
    const [first] = this.#frames;
    if (first === undefined) return undefined;
    const blocks = this.#frames.map(({ atMs, key, data }) => {
      const behind = atMs - first.atMs;
      return written(element.block, Uint8Array.of(0x81, (behind >> 8) & 0xff, behind & 0xff, key ? KEY_FRAME : 0), data);
    });
    this.#frames = [];
    return written(element.cluster, number(element.clusterTime, first.atMs), ...blocks);
  }
}

function number(id: Id, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.round(value)));
  return written(id, bytes);
}

/** An element: its id, its length in eight bytes, what it holds. */
function written(id: Id, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(parts.reduce((sum, part) => sum + part.length, 0)));
  length[0] = 0x01;
  return joined(Uint8Array.from(id), length, ...parts);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
