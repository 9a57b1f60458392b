import { isLicense } from '../../../shared/rdp/licensing.ts';
import { dataKind, mcs, shareKind } from '../../../shared/rdp/pdu-kinds.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { endsHandshake, shareKindsOf, type TargetPdu } from '../../desktop/rdp/target-pdu.ts';

/** A handshake has some twenty PDUs; one that has not ended after these is none. */
const MOST_PDUS = 512;
/** What the engine waits for before it draws; anything else that a target says in between would be an error to it. */
const FINALIZING: ReadonlySet<number> = new Set([dataKind.synchronize, dataKind.control, dataKind.fontMap]);

/**
 * The target's side of one connection's beginning, gathered until the engine that plays it can go through the whole of it: from
 * the answer to the request for a connection until the font map, behind which a target draws.
 */
export class RecordedHandshake {
  readonly confirm: Uint8Array;
  #response: Uint8Array | undefined;
  #attached: Uint8Array | undefined;
  readonly #activation: Uint8Array[] = [];
  readonly #early: Uint8Array[] = [];
  #channel: number | undefined;
  #count = 0;
  #whole = false;

  constructor(confirm: Uint8Array) {
    this.confirm = confirm.slice();
  }

  /** Whether the engine can be brought as far as to draw. */
  get whole(): boolean {
    return this.#whole;
  }

  /** The answer to Connect Initial. */
  get response(): Uint8Array | undefined {
    return this.#response;
  }

  /** The answer to the request for a user. */
  get attached(): Uint8Array | undefined {
    return this.#attached;
  }

  /** From the demand of the share to the font map. */
  get activation(): readonly Uint8Array[] {
    return this.#activation;
  }

  /** What was drawn before the font map: it comes behind it. */
  get early(): readonly Uint8Array[] {
    return this.#early;
  }

  /** The channel on which a target draws and answers. */
  get channel(): number | undefined {
    return this.#channel;
  }

  /** Takes the next PDU; throws RdpFormatError where there are more than any handshake has, or it has no beginning. */
  take(pdu: Uint8Array, read: TargetPdu): void {
    this.#count += 1;
    if (this.#count > MOST_PDUS) throw new RdpFormatError('recording: handshake without an end');
    if (read.kind === 'fast') this.#early.push(pdu.slice());
    else if (read.kind === 'connect') this.#response ??= pdu.slice();
    else if (read.kind === 'mcs') this.#takeMcs(pdu, read);
  }

  #takeMcs(pdu: Uint8Array, read: Extract<TargetPdu, { kind: 'mcs' }>): void {
    if (read.mcs === mcs.attachConfirm) this.#attached ??= pdu.slice();
    if (read.mcs !== mcs.sendIndication) return;
    // Licensing is the first that a target says, on the channel of everything that follows; of another session it would not hold.
    if (isLicense(read.data)) this.#channel ??= read.channel;
    else if (read.channel === this.#channel) this.#takeShare(pdu, read);
  }

  #takeShare(pdu: Uint8Array, read: Extract<TargetPdu, { kind: 'mcs' }>): void {
    const awaited = shareKindsOf(read.data).some(({ share, data }) => share === shareKind.demandActive || (share === shareKind.data && FINALIZING.has(data)));
    if (!awaited) return;
    this.#activation.push(pdu.slice());
    if (!endsHandshake(read)) return;
    if (this.#response === undefined || this.#attached === undefined) throw new RdpFormatError('recording: handshake without a beginning');
    this.#whole = true;
  }
}
