/**
 * What makes a terminal safe to show a hostile target's bytes (attack cases A7-A12, B8). The same module hardens the session's
 * terminal, the player's, and the headless one of the tests.
 *
 * The rule: nothing that the target sends comes back to it in a reply, reaches the clipboard, a file or the window, or names
 * the window. What is refused is swallowed without an answer.
 */

/** Identifies a control sequence, as xterm.js names it. */
interface FunctionId {
  readonly prefix?: string;
  readonly intermediates?: string;
  readonly final: string;
}

interface Ended {
  readonly dispose: () => void;
}

/** What is hardened: the parser of an xterm.js terminal, in a page or headless. */
export interface HardenableTerminal {
  readonly parser: {
    readonly registerOscHandler: (identifier: number, callback: (data: string) => boolean) => Ended;
    readonly registerCsiHandler: (id: FunctionId, callback: (params: (number | number[])[]) => boolean) => Ended;
    readonly registerDcsHandler: (id: FunctionId, callback: (data: string, params: (number | number[])[]) => boolean) => Ended;
    readonly registerEscHandler: (id: FunctionId, handler: () => boolean) => Ended;
  };
}

/** Options of xterm.js that every terminal of ours is made with: reports of and changes to the window are off. */
export const hardenedOptions = {
  windowOptions: {},
  /** No proposed behaviour beyond what Unicode 11 and search need. */
  allowTransparency: false,
} as const;

/** A longer title says nothing more and pushes other things aside (A12). */
export const MAX_TITLE_LENGTH = 80;

/**
 * Numbers of OSC that do nothing here: icon name, colours that can be asked for (their answer holds what was set before),
 * working folder and notifications, fonts (50), clipboard (52), shell and editor integrations (133, 633, 777, 1337), files.
 */
const INERT_OSC = [1, 3, 5, 6, 7, 9, 13, 14, 15, 16, 17, 18, 19, 21, 22, 46, 50, 51, 52, 60, 66, 99, 133, 176, 555, 633, 666, 697, 701, 702, 777, 1337, 5113, 5522, 9001] as const;
/** Colours of palette, text, ground and cursor: they may be set, but asking for them (`?`) is not answered. */
const COLOUR_OSC = [4, 10, 11, 12] as const;
/** Modes that programs ask about (DECRQM) to find out what the terminal can; a question about any other number is not answered, because the answer would hold the number. */
const KNOWN_PRIVATE_MODES: ReadonlySet<number> = new Set([1, 3, 6, 7, 8, 9, 12, 25, 45, 47, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016, 1047, 1048, 1049, 2004, 2026]);
const KNOWN_MODES: ReadonlySet<number> = new Set([2, 4, 12, 20]);

export interface HardeningEvents {
  /** The target set a title; it is text of the target's, already bounded and free of control characters. */
  readonly onTitle?: (title: string) => void;
}

/** Hardens a terminal; gives what ends it (with the terminal). Must be called before anything is written to it. */
export function hardenTerminal(terminal: HardenableTerminal, events: HardeningEvents = {}): Ended {
  const { parser } = terminal;
  const swallow = () => true;
  const title = (data: string) => {
    events.onTitle?.(safeTitle(data));
    return true;
  };
  const handlers: Ended[] = [
    // OSC 0 and 2 set a title. xterm.js would keep it for CSI 21 t; here it goes no further than `onTitle`.
    parser.registerOscHandler(0, title),
    parser.registerOscHandler(2, title),
    ...INERT_OSC.map((number) => parser.registerOscHandler(number, swallow)),
    ...COLOUR_OSC.map((number) => parser.registerOscHandler(number, (data) => data.includes('?'))),
    // Window operations and reports (XTWINOPS), size in pixels and title among them.
    parser.registerCsiHandler({ final: 't' }, swallow),
    // DECRQM: only about what is known, so that no number of the target's choice comes back.
    parser.registerCsiHandler({ prefix: '?', intermediates: '$', final: 'p' }, (params) => !KNOWN_PRIVATE_MODES.has(firstOf(params))),
    parser.registerCsiHandler({ intermediates: '$', final: 'p' }, (params) => !KNOWN_MODES.has(firstOf(params))),
    // DECRQSS, XTGETTCAP, XTSETTCAP, DECUDK, sixel: no answers, no keys that type, no pictures.
    parser.registerDcsHandler({ intermediates: '$', final: 'q' }, swallow),
    parser.registerDcsHandler({ intermediates: '+', final: 'q' }, swallow),
    parser.registerDcsHandler({ intermediates: '+', final: 'p' }, swallow),
    parser.registerDcsHandler({ final: '|' }, swallow),
    parser.registerDcsHandler({ final: 'q' }, swallow),
    // Checksum of the screen's content (DECRQCRA) would read back what stands there.
    parser.registerCsiHandler({ intermediates: '*', final: 'y' }, swallow),
    // rxvt's graphics question (ESC G Q).
    parser.registerEscHandler({ final: 'G' }, swallow),
  ];
  return { dispose: () => handlers.forEach((handler) => handler.dispose()) };
}

function firstOf(params: readonly (number | number[])[]): number {
  const first = params[0];
  return typeof first === 'number' ? first : -1;
}

/** Control characters, and signs that turn the direction of text or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** A title as it may be shown: at most 80 characters, none that controls or hides (A12). */
export function safeTitle(data: string): string {
  // Cut first: a title of megabytes is not searched through. Twice the bound, because a character may take two units.
  const characters = [...data.slice(0, MAX_TITLE_LENGTH * 4).replaceAll(UNSEEN, '').trim()];
  return characters.length <= MAX_TITLE_LENGTH ? characters.join('') : `${characters.slice(0, MAX_TITLE_LENGTH - 1).join('')}…`;
}

/** Text of a target's that is shown outside of a terminal (a prompt, a reason): line ends stay, everything unseen goes. */
export function safeLines(text: string, maxLength: number): string {
  return text
    .slice(0, maxLength)
    .split(/\r\n|\r|\n/)
    .map((line) => line.replaceAll('\t', '    ').replaceAll(UNSEEN, ''))
    .join('\n');
}
