import { createHash, timingSafeEqual } from 'node:crypto';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { hmacMd5 } from './ntlm-messages.ts';
import { Rc4 } from './rc4.ts';

/** Bytes of a signature before what it signs. */
const SIGNATURE_BYTES = 16;

/**
 * One direction of a session's sealing (MS-NLMP 3.4.4.2, extended session security with key exchange): each message is
 * encrypted and signed under a running number.
 */
class Direction {
  readonly #signKey: Buffer;
  readonly #cipher: Rc4;
  #number = 0;

  constructor(sessionKey: Buffer, words: string) {
    this.#signKey = directionKey(sessionKey, `${words} signing`);
    this.#cipher = new Rc4(directionKey(sessionKey, `${words} sealing`));
  }

  seal(message: Uint8Array): Buffer {
    const sealed = this.#cipher.take(message);
    return Buffer.concat([this.#signature(message), sealed]);
  }

  open(bytes: Buffer): Buffer {
    if (bytes.length < SIGNATURE_BYTES) throw new RdpFormatError('ntlm: nothing sealed');
    const message = this.#cipher.take(bytes.subarray(SIGNATURE_BYTES));
    if (!timingSafeEqual(this.#signature(message), bytes.subarray(0, SIGNATURE_BYTES))) throw new RdpFormatError('ntlm: signature wrong');
    return message;
  }

  #signature(message: Uint8Array): Buffer {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(this.#number);
    this.#number += 1;
    const code = hmacMd5(this.#signKey, Buffer.concat([number, message])).subarray(0, 8);
    return Buffer.concat([Buffer.from([1, 0, 0, 0]), this.#cipher.take(code), number]);
  }
}

/** SIGNKEY and SEALKEY (MS-NLMP 3.4.5.2, 3.4.5.3). */
function directionKey(sessionKey: Buffer, words: string): Buffer {
  return createHash('md5').update(sessionKey).update(`session key to ${words} key magic constant\0`, 'latin1').digest();
}

/** Both directions, as the client has them. */
export class NtlmSealing {
  readonly #toServer: Direction;
  readonly #toClient: Direction;

  constructor(sessionKey: Buffer) {
    this.#toServer = new Direction(sessionKey, 'client-to-server');
    this.#toClient = new Direction(sessionKey, 'server-to-client');
  }

  seal(message: Uint8Array): Buffer {
    return this.#toServer.seal(message);
  }

  /** Throws RdpFormatError where the signature is wrong. */
  open(bytes: Buffer): Buffer {
    return this.#toClient.open(bytes);
  }
}
