import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type DesktopSize, isDesktopSize } from '../../shared/vnc/desktop-size.ts';
import { pixelFormat } from '../../shared/vnc/encodings.ts';
import { MAX_CUT_TEXT_BYTES, MAX_SKIPPED_BYTES, matterOf, type PackedTexts, provides } from './cut-text.ts';
import { mayAskFor } from './encodings.ts';
import { drop, type Grammar, hold, type Want } from './rfb-stream.ts';
import { continuousUpdates, updateRequest } from './update-request.ts';

export interface ClientRules {
  readonly viewOnly: boolean;
  readonly clipboardIn: boolean;
  readonly clipboardOut: boolean;
  /** The desktop's size now: a client is given the whole picture or none, so that the recording shows all that it does. */
  readonly size: () => DesktopSize;
  /** The client has asked for a picture: once, or for all that come from now on (`on`), or for none of these any more (`off`). */
  readonly asked: (what: 'once' | 'on' | 'off') => void;
  /** The user did something: typed, moved, sent text. */
  readonly activity: () => void;
  /** A key went down. */
  readonly keyPressed: () => void;
  /** Text of the user's clipboard went on to the target, or was kept back. */
  readonly clipboard: (bytes: number, allowed: boolean) => void;
  /** Looks into the texts that the client sends packed. */
  readonly texts: Pick<PackedTexts, 'providedBytes'>;
  /** Something else that the policy does not let through. */
  readonly refused: (what: string) => void;
}

const message = { pixelFormat: 0, encodings: 2, updateRequest: 3, key: 4, pointer: 5, cutText: 6, continuousUpdates: 150, fence: 248, desktopSize: 251, qemu: 255 } as const;
const MOST_ENCODINGS = 256;
const MOST_FENCE_BYTES = 64;
const MOST_SCREENS = 32;
const PADDING_BYTES = 3;

type Part = Generator<Want, void, Buffer>;

/**
 * What a client may send after ClientInit (RFC 6143 section 7.5), message by message: the kinds that are known, within bounds, as the
 * policy allows it (rule 21), each whole or not at all; of encodings those that the gateway reads and the player draws (rule 23). What view-only or the
 * clipboard's policy forbids goes nowhere; what is unknown throws `session.protocol-violation`.
 */
export function clientMessages(rules: ClientRules, send: (bytes: Buffer) => void): Grammar {
  return new ClientMessages(rules, send).run();
}

class ClientMessages {
  readonly #rules: ClientRules;
  readonly #send: (bytes: Buffer) => void;

  constructor(rules: ClientRules, send: (bytes: Buffer) => void) {
    this.#rules = rules;
    this.#send = send;
  }

  *run(): Grammar {
    for (;;) {
      yield* this.#message(yield hold(1));
    }
  }

  *#message(head: Buffer): Part {
    const type = head.readUInt8(0);
    switch (type) {
      case message.pixelFormat:
        yield* this.#pixelFormat(head);
        return;
      case message.encodings:
        yield* this.#encodings();
        return;
      case message.updateRequest: {
        const request = yield hold(9);
        this.#send(updateRequest(this.#rules.size(), { incremental: request.readUInt8(0) !== 0 }));
        this.#rules.asked('once');
        return;
      }
      case message.continuousUpdates: {
        const on = (yield hold(9)).readUInt8(0) !== 0;
        this.#send(continuousUpdates(this.#rules.size(), { on }));
        this.#rules.asked(on ? 'on' : 'off');
        return;
      }
      case message.key:
        yield* this.#key(head);
        return;
      case message.pointer:
        yield* this.#input(head, 5);
        return;
      case message.cutText:
        yield* this.#cutText(head);
        return;
      case message.fence:
        yield* this.#fence(head);
        return;
      case message.desktopSize:
        yield* this.#desktopSize(head);
        return;
      case message.qemu:
        yield* this.#qemu(head);
        return;
      default:
        throw violation();
    }
  }

  *#pixelFormat(head: Buffer): Part {
    const format = yield hold(PADDING_BYTES + 16);
    if (Buffer.compare(format.subarray(PADDING_BYTES, PADDING_BYTES + pixelFormat.length), pixelFormat) !== 0) throw violation();
    this.#send(Buffer.concat([head, format]));
  }

  *#encodings(): Part {
    const count = (yield hold(3)).readUInt16BE(1);
    if (count > MOST_ENCODINGS) throw violation();
    const list = count === 0 ? Buffer.alloc(0) : yield hold(count * 4);
    const kept: number[] = [];
    for (let at = 0; at < list.length; at += 4) if (mayAskFor(list.readInt32BE(at))) kept.push(list.readInt32BE(at));
    const sent = Buffer.alloc(4 + kept.length * 4);
    sent.writeUInt8(message.encodings, 0);
    sent.writeUInt16BE(kept.length, 2);
    for (const [place, asked] of kept.entries()) sent.writeInt32BE(asked, 4 + place * 4);
    this.#send(sent);
  }

  *#key(head: Buffer): Part {
    const key = yield hold(7);
    this.#pressed(key.readUInt8(0) !== 0);
    this.#pass(Buffer.concat([head, key]));
  }

  *#input(head: Buffer, bytes: number): Part {
    const rest = yield hold(bytes);
    this.#pass(Buffer.concat([head, rest]));
  }

  /** QEMU's extended keys: down or up, keysym, and the key's own number. */
  *#qemu(head: Buffer): Part {
    const key = yield hold(11);
    if (key.readUInt8(0) !== 0) throw violation();
    this.#pressed(key.readUInt16BE(1) !== 0);
    this.#pass(Buffer.concat([head, key]));
  }

  *#fence(head: Buffer): Part {
    const fence = yield hold(8);
    const length = fence.readUInt8(7);
    if (length > MOST_FENCE_BYTES) throw violation();
    this.#send(Buffer.concat([head, fence, length === 0 ? Buffer.alloc(0) : yield hold(length)]));
  }

  *#desktopSize(head: Buffer): Part {
    const wish = yield hold(7);
    const screens = wish.readUInt8(5);
    if (screens > MOST_SCREENS || !isDesktopSize({ width: wish.readUInt16BE(1), height: wish.readUInt16BE(3) })) throw violation();
    const list = screens === 0 ? Buffer.alloc(0) : yield hold(screens * 16);
    if (this.#rules.viewOnly) this.#rules.refused('desktop-size');
    else this.#send(Buffer.concat([head, wish, list]));
  }

  *#cutText(head: Buffer): Part {
    const rest = yield hold(7);
    const length = rest.readInt32BE(3);
    const payloadBytes = Math.abs(length);
    if (payloadBytes > MAX_SKIPPED_BYTES) throw violation();
    if (payloadBytes > MAX_CUT_TEXT_BYTES) {
      this.#rules.clipboard(payloadBytes, false);
      yield drop(payloadBytes);
      return;
    }
    const payload = payloadBytes === 0 ? Buffer.alloc(0) : yield hold(payloadBytes);
    if (this.#mayPass(payload, length)) this.#send(Buffer.concat([head, rest, payload]));
  }

  #mayPass(payload: Buffer, length: number): boolean {
    const { clipboardOut, clipboard, activity } = this.#rules;
    // Whoever may only look changes nothing of the target, its clipboard included.
    const clipboardIn = this.#rules.clipboardIn && !this.#rules.viewOnly;
    if (length >= 0) {
      clipboard(payload.length, clipboardIn);
      if (clipboardIn) activity();
      return clipboardIn;
    }
    const matter = matterOf(payload);
    if (matter === 'abilities') return true;
    if (matter === 'asks') return clipboardOut;
    // What the policy keeps back is not unpacked.
    const looked = matter === 'offers' && clipboardIn ? this.#rules.texts.providedBytes(payload) : undefined;
    const bytes = matter === 'offers' && !provides(payload) ? 0 : looked;
    const allowed = clipboardIn && bytes !== undefined;
    if (bytes !== 0) clipboard(bytes ?? payload.length, allowed);
    if (allowed) activity();
    return allowed;
  }

  #pressed(down: boolean): void {
    if (down && !this.#rules.viewOnly) this.#rules.keyPressed();
  }

  #pass(input: Buffer): void {
    if (this.#rules.viewOnly) {
      this.#rules.refused('input');
      return;
    }
    this.#rules.activity();
    this.#send(input);
  }
}

function violation(): MavisError {
  return new MavisError('session.protocol-violation');
}
