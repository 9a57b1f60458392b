import { mcs } from '../../../shared/rdp/pdu-kinds.ts';
import { joinConfirm, licenceIsValid, type TargetPdu } from '../../desktop/rdp/target-pdu.ts';
import type { RecordedHandshake } from './recorded-handshake.ts';

/** Where an attach confirm names the user (ITU-T T.125): behind its kind and its result. */
const USER_AT = 9;

/**
 * What a target answers to an engine that goes through a handshake of its own, from Connect Initial on: what the recorded one holds, and
 * where an answer depends on the question, one for it. A second transport, channels beside the picture's and licensing are left out: they
 * draw nothing.
 */
export class RecordedAnswers {
  readonly #handshake: RecordedHandshake;
  #activated = false;

  constructor(handshake: RecordedHandshake) {
    this.#handshake = handshake;
  }

  /** The handshake is at its end: what the engine says from now on is not answered. */
  get activated(): boolean {
    return this.#activated;
  }

  to(asked: TargetPdu): readonly Uint8Array[] {
    const { response, attached, activation, channel } = this.#handshake;
    if (this.#activated) return [];
    if (asked.kind === 'connect') return response === undefined ? [] : [response];
    if (asked.kind !== 'mcs') return [];
    if (asked.mcs === mcs.attachUser) return attached === undefined ? [] : [attached];
    // A request to join names its channel where data has it, too.
    if (asked.mcs === mcs.joinRequest) return [joinConfirm(userOf(attached), asked.channel)];
    if (asked.mcs !== mcs.sendRequest || channel === undefined) return [];
    this.#activated = true;
    return [licenceIsValid(channel), ...activation];
  }
}

function userOf(attached: Uint8Array | undefined): number {
  return ((attached?.[USER_AT] ?? 0) << 8) | (attached?.[USER_AT + 1] ?? 0);
}
