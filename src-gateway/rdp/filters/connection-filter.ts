import type { SessionPolicy } from '../../../shared/policy/session-policy.ts';
import { isLicense } from '../../../shared/rdp/licensing.ts';
import { dataKind, mcs, shareKind } from '../../../shared/rdp/pdu-kinds.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { type ClientInfoAccount, rewriteClientInfo } from '../wire/client-info.ts';
import { limitCapabilities } from '../wire/confirm-active.ts';
import { assertFastPathInput, drawsAnything } from '../wire/fast-path.ts';
import { type ChannelData, encodeChannelData, mcsKind, mcsOf, readChannelData } from '../wire/mcs.ts';
import { bringsReconnectCookie, sharePdus } from '../wire/share.ts';
import type { Pdu } from '../wire/tpkt.ts';
import { type CarriedFile, OfferedFiles } from './clipboard-files.ts';
import { type ClipboardEnd, ClipboardFilter, ClipboardNames, ClipboardOffers } from './clipboard-filter.ts';
import { type ChannelNumbers, type ClientConference, filterConnectInitial, filterConnectResponse } from './conference-filter.ts';

/** The clipboard's channel; every other one (drives, sound, dynamic channels) is denied (rule 21). */
const CLIPBOARD = 'cliprdr';
/** Kinds of security headers (MS-RDPBCGR 2.2.8.1.1.2.1): these PDUs alone have one, since TLS does the encryption. */
const security = { transportRequest: 0x0002, redirection: 0x0400, info: 0x0040 } as const;
const SECURITY_HEADER_BYTES = 4;

/** What happens as a connection goes on. */
export interface ConnectionEvents {
  /** The target has drawn for the first time: the protocol is connected (rule 1). */
  readonly drawn: () => void;
  /** The user typed or moved the pointer. */
  readonly activity: () => void;
  /** Something was refused by the policy, with a word for recording and log. */
  readonly refused: (what: 'input' | 'clipboard-in' | 'clipboard-out' | 'channel') => void;
  /** The clipboard's contents were carried. */
  readonly clipboard: (direction: 'in' | 'out', bytes: number) => void;
  /** A list of so many files of the clipboard has crossed. */
  readonly filesListed: (direction: 'in' | 'out', files: number) => void;
  /** A file of the clipboard has crossed, whole or in part. */
  readonly file: (direction: 'in' | 'out', file: CarriedFile) => void;
  /** The target has said that it ends the connection, in good order. */
  readonly ending: () => void;
  readonly size: (size: { readonly width: number; readonly height: number }) => void;
}

export interface ConnectionFilterParts {
  /** The protocol that the target chose, for the client's core data. */
  readonly protocol: number;
  /** What the client asked for, for the target's core data. */
  readonly clientProtocols: number;
  /** Undefined where NLA has signed on. */
  readonly account: ClientInfoAccount | undefined;
  readonly policy: Pick<SessionPolicy, 'viewOnly' | 'clipboardIn' | 'clipboardOut' | 'filesIn' | 'filesOut' | 'filePaths' | 'maxFileBytes' | 'deniedFileNames'>;
  readonly events: ConnectionEvents;
  /** Takes PDUs of the gateway's own for one of the ends, whichever a call was about: they must go before what later calls give for that end. */
  readonly answer: (end: ClipboardEnd, pdus: readonly Buffer[]) => void;
}

/** The target wants the session to go on elsewhere (rule 22). */
export class RedirectedError extends RdpFormatError {}

type Phase = 'initial' | 'response' | 'info' | 'licensing' | 'active';

/**
 * What goes through between a client and a target that has been signed on to, PDU by PDU, without input and output: each PDU
 * goes on as it came, changed, or not at all. Everything that is not known to be harmless is refused: an unknown PDU throws
 * RdpFormatError, and the connection ends. Neither end is trusted.
 */
export class ConnectionFilter {
  readonly #parts: ConnectionFilterParts;
  readonly #clipboardToTarget: ClipboardFilter;
  readonly #clipboardToClient: ClipboardFilter;
  readonly #files: Readonly<Record<'client' | 'target', OfferedFiles>>;
  #phase: Phase = 'initial';
  #conference: ClientConference | undefined;
  #numbers: ChannelNumbers | undefined;
  #clipboard: number | undefined;
  /** Who last sent on a channel, from each end, as what goes to the other names it. */
  readonly #initiators = { client: 0, target: 0 };
  #denied: ReadonlySet<number> = new Set();
  #drawn = false;

  constructor(parts: ConnectionFilterParts) {
    this.#parts = parts;
    const { policy, events } = parts;
    const names = new ClipboardNames();
    this.#files = { client: this.#filesThat('in'), target: this.#filesThat('out') };
    const both = { names, offers: new ClipboardOffers(), stands: () => this.#drawn, files: this.#files, refused: (of: ClipboardEnd) => events.refused(of === 'client' ? 'clipboard-in' : 'clipboard-out') };
    this.#clipboardToTarget = new ClipboardFilter({ ...both, from: 'client', answer: (message) => this.#answer('client', this.#clipboardToClient.insert(message)), mayOffer: this.#clipboardIn, carried: (bytes) => events.clipboard('in', bytes) });
    this.#clipboardToClient = new ClipboardFilter({ ...both, from: 'target', answer: (message) => this.#answer('target', this.#clipboardToTarget.insert(message)), asksOnlyOnceReady: true, mayOffer: policy.clipboardOut, carried: (bytes) => events.clipboard('out', bytes) });
  }

  /**
   * What goes to the target for a PDU of the client; throws RdpFormatError. May change the PDU's bytes. Before the first picture
   * nobody types and no contents of a clipboard go, since no recording stands yet (rule 1): who left then would have left no trace.
   */
  fromClient(pdu: Pdu): Buffer[] {
    if (pdu.path === 'fast') return this.#clientFastPath(pdu.bytes);
    const bytes = mcsOf(pdu.bytes);
    if (this.#phase === 'initial') {
      this.#conference = filterConnectInitial(pdu.bytes, this.#parts, this.#allowedChannels);
      this.#parts.events.size(this.#conference);
      this.#phase = 'response';
      return [pdu.bytes];
    }
    if (this.#phase === 'response') throw new RdpFormatError('mcs: client out of order');
    switch (mcsKind(bytes)) {
      case mcs.erectDomain:
      case mcs.attachUser:
      case mcs.joinRequest:
      case mcs.disconnect:
        return [pdu.bytes];
      case mcs.sendRequest:
        return this.#clientData(pdu.bytes, readChannelData(bytes));
      default:
        throw new RdpFormatError('mcs: unknown request');
    }
  }

  /** What goes to the client for a PDU of the target; throws RdpFormatError, or RedirectedError. May change the PDU's bytes. */
  fromTarget(pdu: Pdu): Buffer[] {
    if (pdu.path === 'fast') return this.#targetFastPath(pdu.bytes);
    const bytes = mcsOf(pdu.bytes);
    if (this.#phase === 'initial') throw new RdpFormatError('mcs: target out of order');
    if (this.#phase === 'response') {
      this.#takeNumbers(filterConnectResponse(pdu.bytes, this.#parts.clientProtocols));
      this.#phase = 'info';
      return [pdu.bytes];
    }
    switch (mcsKind(bytes)) {
      case mcs.attachConfirm:
      case mcs.joinConfirm:
        return [pdu.bytes];
      case mcs.disconnect:
        this.#parts.events.ending();
        return [pdu.bytes];
      case mcs.sendIndication:
        return this.#targetData(pdu.bytes, readChannelData(bytes));
      default:
        throw new RdpFormatError('mcs: unknown indication');
    }
  }

  /** The connection is over: files that crossed in part are told. */
  close(): void {
    this.#files.client.leave();
    this.#files.target.leave();
  }

  /**
   * Files that go this way. They cross with the clipboard, so that both must be allowed; where a rule names folders of the
   * target none do, since nothing says where on the target a file of a clipboard lies.
   */
  #filesThat(direction: 'in' | 'out'): OfferedFiles {
    const { policy: rules, events } = this.#parts;
    const goes = direction === 'in' ? this.#clipboardIn && rules.filesIn : rules.clipboardOut && rules.filesOut;
    return new OfferedFiles({ may: goes && rules.filePaths.length === 0, rules, listed: (files) => events.filesListed(direction, files), carried: (file) => events.file(direction, file) });
  }

  get #allowedChannels(): ReadonlySet<string> {
    return new Set(this.#clipboardIn || this.#parts.policy.clipboardOut ? [CLIPBOARD] : []);
  }

  /** Whoever may only look changes nothing of the target, its clipboard included. */
  get #clipboardIn(): boolean {
    const { clipboardIn, viewOnly } = this.#parts.policy;
    return clipboardIn && !viewOnly;
  }

  #takeNumbers(numbers: ChannelNumbers): void {
    const asked = this.#conference?.channels ?? [];
    // Fewer would leave a channel without a judgement.
    if (numbers.statics.length !== asked.length) throw new RdpFormatError('conference: other channels than asked');
    this.#numbers = numbers;
    this.#clipboard = numbers.statics.find((_, place) => asked[place]?.allowed === true);
    this.#denied = new Set(numbers.statics.filter((number) => number !== this.#clipboard));
  }

  #clientFastPath(pdu: Buffer): Buffer[] {
    assertFastPathInput(pdu);
    if (this.#phase !== 'active') throw new RdpFormatError('fast-path: client out of order');
    if (this.#inputDenied()) return [];
    return [pdu];
  }

  #inputDenied(): boolean {
    if (this.#parts.policy.viewOnly) {
      this.#parts.events.refused('input');
      return true;
    }
    if (!this.#drawn) return true;
    this.#parts.events.activity();
    return false;
  }

  #targetFastPath(pdu: Buffer): Buffer[] {
    if (this.#phase !== 'active') throw new RdpFormatError('fast-path: target out of order');
    if (drawsAnything(pdu)) this.#tellDrawn();
    return [pdu];
  }

  #tellDrawn(): void {
    if (this.#drawn) return;
    this.#drawn = true;
    this.#parts.events.drawn();
  }

  #answer(end: ClipboardEnd, pieces: readonly Buffer[]): void {
    const channelId = this.#clipboard;
    if (channelId === undefined || pieces.length === 0) return;
    const [kind, initiator] = end === 'client' ? ([mcs.sendIndication, this.#initiators.target] as const) : ([mcs.sendRequest, this.#initiators.client] as const);
    this.#parts.answer(end, pieces.map((data) => encodeChannelData(kind, { initiator, channelId, data })));
  }

  #clientData(pdu: Buffer, { initiator, channelId, data }: ChannelData): Buffer[] {
    this.#initiators.client = initiator;
    const toTarget = (bytes: Buffer): Buffer => encodeChannelData(mcs.sendRequest, { initiator, channelId, data: bytes });
    if (channelId === this.#numbers?.message) return [pdu];
    if (channelId === this.#numbers?.io) return this.#clientShare(pdu, data, toTarget);
    if (channelId === this.#clipboard) return this.#clipboardToTarget.take(data).map(toTarget);
    if (!this.#denied.has(channelId)) throw new RdpFormatError('mcs: unknown channel');
    this.#parts.events.refused('channel');
    return [];
  }

  #clientShare(pdu: Buffer, data: Buffer, toTarget: (bytes: Buffer) => Buffer): Buffer[] {
    if (this.#phase === 'info') {
      if (data.length < SECURITY_HEADER_BYTES || (data.readUInt16LE(0) & security.info) === 0) throw new RdpFormatError('client info: missing');
      this.#phase = 'licensing';
      const header = Buffer.alloc(SECURITY_HEADER_BYTES);
      header.writeUInt16LE(security.info);
      return [toTarget(Buffer.concat([header, rewriteClientInfo(data.subarray(SECURITY_HEADER_BYTES), this.#parts.account, { program: !this.#parts.policy.viewOnly })]))];
    }
    if (this.#phase === 'licensing') {
      if (!isLicense(data)) throw new RdpFormatError('share: client out of order');
      return [pdu];
    }
    const pdus = sharePdus(data);
    for (const { kind, body } of pdus) {
      if (kind === shareKind.confirmActive) limitCapabilities(body);
      else if (kind !== shareKind.data) throw new RdpFormatError('share: unknown kind from a client');
    }
    const withoutInput = pdus.some(({ dataKind: what }) => what === dataKind.input) && this.#inputDenied();
    // A client that wants no picture would have what it does left out of the recording.
    const left = pdus.filter(({ dataKind: what }) => what !== dataKind.suppressOutput && !(withoutInput && what === dataKind.input));
    if (left.length === pdus.length) return [pdu];
    return left.length === 0 ? [] : [toTarget(Buffer.concat(left.map(({ bytes }) => bytes)))];
  }

  #targetData(pdu: Buffer, { initiator, channelId, data }: ChannelData): Buffer[] {
    this.#initiators.target = initiator;
    const toClient = (bytes: Buffer): Buffer => encodeChannelData(mcs.sendIndication, { initiator, channelId, data: bytes });
    if (channelId === this.#numbers?.io) return this.#targetShare(pdu, data, toClient);
    if (channelId === this.#numbers?.message) return data.length >= SECURITY_HEADER_BYTES && (data.readUInt16LE(0) & security.transportRequest) === 0 ? [pdu] : [];
    if (channelId === this.#clipboard) return this.#clipboardToClient.take(data).map(toClient);
    // A target may still talk on a channel whose name it does not know; nobody hears it.
    if (this.#denied.has(channelId)) return [];
    throw new RdpFormatError('mcs: unknown channel');
  }

  #targetShare(pdu: Buffer, data: Buffer, toClient: (bytes: Buffer) => Buffer): Buffer[] {
    if (this.#phase === 'info') throw new RdpFormatError('share: target out of order');
    if (this.#phase === 'licensing') {
      if (isLicense(data)) return [pdu];
      if (data.length >= SECURITY_HEADER_BYTES && data.readUInt16LE(0) === security.redirection) throw new RedirectedError('redirected');
    }
    const pdus = sharePdus(data);
    const left = pdus.filter((one) => {
      if (one.kind === shareKind.redirection) throw new RedirectedError('redirected');
      if (one.kind === shareKind.demandActive) this.#phase = 'active';
      if (one.dataKind === dataKind.update) this.#tellDrawn();
      return one.dataKind !== dataKind.saveSessionInfo || !bringsReconnectCookie(one.body);
    });
    if (left.length === pdus.length) return [pdu];
    return left.length === 0 ? [] : [toClient(Buffer.concat(left.map(({ bytes }) => bytes)))];
  }
}
