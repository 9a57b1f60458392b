/** RC4 as a running stream, for the sealing of NTLM alone (MS-NLMP 3.4): Node has no RC4, since OpenSSL 3 keeps it in its legacy provider. */
export class Rc4 {
  readonly #state = Uint8Array.from({ length: 256 }, (_, value) => value);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array) {
    if (key.length === 0) throw new RangeError('RC4 needs a key');
    const state = this.#state;
    for (let i = 0, j = 0; i < 256; i += 1) {
      j = (j + (state[i] ?? 0) + (key[i % key.length] ?? 0)) & 0xff;
      [state[i], state[j]] = [state[j] ?? 0, state[i] ?? 0];
    }
  }

  /** The next bytes of the stream over `bytes`: encrypts and decrypts alike. */
  take(bytes: Uint8Array): Buffer {
    const state = this.#state;
    const taken = Buffer.alloc(bytes.length);
    for (const [place, byte] of bytes.entries()) {
      this.#i = (this.#i + 1) & 0xff;
      const at = state[this.#i] ?? 0;
      this.#j = (this.#j + at) & 0xff;
      const other = state[this.#j] ?? 0;
      state[this.#i] = other;
      state[this.#j] = at;
      taken[place] = byte ^ (state[(at + other) & 0xff] ?? 0);
    }
    return taken;
  }
}
