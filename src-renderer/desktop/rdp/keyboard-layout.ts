/** A keyboard as a client tells it to its target (MS-RDPBCGR 2.2.1.3.2). */
export interface KeyboardLayout {
  /** Identifier of the input locale, as Windows numbers them. */
  readonly layout: number;
  readonly type: number;
  readonly subtype: number;
}

/** The keyboards of most of the world: IBM's enhanced one with 101 or 102 keys. Japan has its own with 106 or 109. */
const ENHANCED = { type: 4, subtype: 0 } as const;
const JAPANESE = { type: 7, subtype: 2 } as const;

/** A browser answers at once; one that does not keeps nobody from his desktop. */
const ANSWER_LIMIT_MS = 500;

/** What some keys write without Shift, by their places, in layouts that no earlier one of this list is. */
const layouts: readonly (readonly [KeyboardLayout, Readonly<Record<string, string>>])[] = [
  [{ layout: 0x411, ...JAPANESE }, { BracketLeft: '@', BracketRight: '[' }],
  [{ layout: 0x412, ...ENHANCED }, { KeyQ: 'ㅂ' }],
  [{ layout: 0x419, ...ENHANCED }, { KeyQ: 'й', KeyS: 'ы', BracketRight: 'ъ' }],
  [{ layout: 0x807, ...ENHANCED }, { KeyY: 'z', BracketLeft: 'ü', Minus: "'" }],
  [{ layout: 0x407, ...ENHANCED }, { KeyY: 'z', BracketLeft: 'ü' }],
  [{ layout: 0x80c, ...ENHANCED }, { KeyQ: 'a', Minus: ')', Equal: '-' }],
  [{ layout: 0x40c, ...ENHANCED }, { KeyQ: 'a', KeyW: 'z' }],
  [{ layout: 0x40a, ...ENHANCED }, { Semicolon: 'ñ', Equal: '¡' }],
  [{ layout: 0x410, ...ENHANCED }, { Semicolon: 'ò' }],
  [{ layout: 0x406, ...ENHANCED }, { Semicolon: 'æ' }],
  [{ layout: 0x414, ...ENHANCED }, { Semicolon: 'ø' }],
  [{ layout: 0x41d, ...ENHANCED }, { Semicolon: 'ö', BracketLeft: 'å' }],
  [{ layout: 0x816, ...ENHANCED }, { Semicolon: 'ç', BracketLeft: '+' }],
  [{ layout: 0x416, ...ENHANCED }, { Semicolon: 'ç' }],
  [{ layout: 0x809, ...ENHANCED }, { KeyQ: 'q', BracketLeft: '[', Backslash: '#' }],
  [{ layout: 0x409, ...ENHANCED }, { KeyQ: 'q', BracketLeft: '[', Backslash: '\\', Semicolon: ';' }],
];

/** The layout in which keys write these letters; undefined where it is none that is known, and the target's own counts. */
export function layoutWriting(letters: { readonly get: (code: string) => string | undefined }): KeyboardLayout | undefined {
  return layouts.find(([, keys]) => Object.entries(keys).every(([code, letter]) => letters.get(code) === letter))?.[0];
}

/** The layout of this computer's keyboard, where the browser tells what its keys write (Keyboard Map). */
export async function ownLayout(browser: object): Promise<KeyboardLayout | undefined> {
  const keyboard: unknown = Reflect.get(browser, 'keyboard');
  if (typeof keyboard !== 'object' || keyboard === null) return undefined;
  const ask: unknown = Reflect.get(keyboard, 'getLayoutMap');
  if (typeof ask !== 'function') return undefined;
  try {
    const map: unknown = await Promise.race([
      Reflect.apply(ask, keyboard, []),
      new Promise((resolve) => {
        setTimeout(resolve, ANSWER_LIMIT_MS);
      }),
    ]);
    if (typeof map !== 'object' || map === null) return undefined;
    const get: unknown = Reflect.get(map, 'get');
    if (typeof get !== 'function') return undefined;
    return layoutWriting({
      get: (code) => {
        const letter: unknown = Reflect.apply(get, map, [code]);
        return typeof letter === 'string' ? letter : undefined;
      },
    });
  } catch {
    // A page may be told nothing of the keyboard: then nothing is told to the target.
    return undefined;
  }
}

/** What stands before a client's blocks in its Connect Initial (T.124's key of user data). */
const BLOCKS_KEY = [0x44, 0x75, 0x63, 0x61] as const;
const CORE = 0xc001;
const LAYOUT_AT = 16;
const TYPE_AT = 56;
const SUBTYPE_AT = 60;
const CORE_BYTES = 64;

/** A client's Connect Initial that tells this keyboard; other bytes as they are. An engine itself says of the user's keyboard nothing, so that every target would take it for an American one. */
export function tellingKeyboard(bytes: Uint8Array, { layout, type, subtype }: KeyboardLayout): Uint8Array {
  const key = bytes.findIndex((_, at) => BLOCKS_KEY.every((byte, place) => bytes[at + place] === byte));
  // The length of all blocks is written in one byte, or in two.
  const lengthAt = key + BLOCKS_KEY.length;
  const coreAt = lengthAt + (((bytes[lengthAt] ?? 0) & 0x80) === 0 ? 1 : 2);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (key < 0 || coreAt + CORE_BYTES > bytes.length || view.getUint16(coreAt, true) !== CORE || view.getUint16(coreAt + 2, true) < CORE_BYTES) return bytes;
  const told = bytes.slice();
  const fields = new DataView(told.buffer, coreAt);
  fields.setUint32(LAYOUT_AT, layout, true);
  fields.setUint32(TYPE_AT, type, true);
  fields.setUint32(SUBTYPE_AT, subtype, true);
  return told;
}
