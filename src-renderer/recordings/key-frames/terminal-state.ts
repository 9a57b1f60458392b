/** A terminal of xterm.js, in a page or headless. */
export interface StatefulTerminal {
  readonly rows: number;
}

/** One line, as xterm.js holds it: three numbers a cell (what stands there, its colours and flags), and beside them what does not fit into these. */
interface Line {
  readonly isWrapped: boolean;
  readonly length: number;
  readonly cells: Uint32Array;
  readonly combined: unknown;
  readonly extended: unknown;
}

/** Flags in a cell's numbers (xterm.js 6, `common/buffer/Constants.ts`). */
const IS_COMBINED = 0x20_0000;
const HAS_EXTENDED = 0x1000_0000;
const NUMBERS_A_CELL = 3;

/**
 * A serialized terminal with what the serialization does not hold, as what a target would have sent for it: margins and the
 * saved cursor, of the other screen too (which keeps them until it is shown again), the cursor's form and that it is hidden.
 * Where that is not enough, `sameState` says so.
 */
export function wholeState(serialized: string, terminal: StatefulTerminal): string {
  const [active, alternate] = ['active', 'alt'].map((name) => inside(terminal, '_core', 'buffers', name));
  const left = active === alternate ? '' : keptByBuffer(alternate, terminal.rows);
  const kept = keptByBuffer(active, terminal.rows);
  const back = kept === '' ? '' : to(numberIn(active, 'y'), numberIn(active, 'x'));
  const hidden = inside(terminal, '_core', 'coreService', 'isCursorHidden') === true ? '\u001B[?25l' : '';
  return (left === '' ? '' : `\u001B[?47h${left}\u001B[?47l\u001B[H`) + serialized + kept + back + cursorForm(inside(terminal, '_core', 'coreService', 'decPrivateModes')) + hidden;
}

/** Margins (DECSTBM) and saved cursor (DECSC) of one screen; nothing where both are as at the beginning. The cursor is elsewhere after it. */
function keptByBuffer(buffer: unknown, rows: number): string {
  const [top, bottom, savedX] = [numberIn(buffer, 'scrollTop'), numberIn(buffer, 'scrollBottom'), numberIn(buffer, 'savedX')];
  const savedRow = savedRowOf(buffer);
  const margins = top === 0 && bottom === rows - 1 ? '' : `\u001B[${top + 1};${bottom + 1}r`;
  return margins + (savedX === 0 && savedRow === 0 ? '' : `${to(savedRow, savedX)}\u001B7`);
}

function to(row: number, column: number): string {
  return `\u001B[${row + 1};${column + 1}H`;
}

/** DECSCUSR; nothing where the target never set it. */
function cursorForm(modes: unknown): string {
  const place = ['block', 'underline', 'bar'].indexOf(String(inside(modes, 'cursorStyle')));
  return place < 0 ? '' : `\u001B[${place * 2 + (inside(modes, 'cursorBlink') === true ? 1 : 2)} q`;
}

/**
 * Whether two terminals of one size are in the same state: what is shown and scrolled off, to the last attribute, and all that
 * decides what later output does to it. Left out are what a player has not (mouse, answers) and where it is scrolled to. Costs
 * a look at each cell. Where xterm.js keeps something elsewhere in a release, it says no.
 */
export function sameState(one: StatefulTerminal, other: StatefulTerminal): boolean {
  const [ours, theirs] = [rulesOf(one), rulesOf(other)];
  if (ours === undefined || ours !== theirs) return false;
  const kinds = inside(one, '_core', 'buffers', 'active') === inside(one, '_core', 'buffers', 'alt') ? ['normal', 'alt'] : ['normal'];
  return kinds.every((kind) => sameLines(inside(one, '_core', 'buffers', kind, 'lines'), inside(other, '_core', 'buffers', kind, 'lines')));
}

/** What decides how output is taken; undefined where it stands where this does not know it, or in the middle of a sequence or letter. */
function rulesOf(terminal: StatefulTerminal): string | undefined {
  const core = inside(terminal, '_core');
  const handler = inside(core, '_inputHandler');
  const interim = inside(handler, '_utf8Decoder', 'interim');
  if (inside(handler, '_parser', 'currentState') !== 0 || !(interim instanceof Uint8Array) || interim[0] !== 0) return undefined;
  const service = inside(core, 'coreService');
  const alternate = inside(core, 'buffers', 'active') === inside(core, 'buffers', 'alt');
  return JSON.stringify({
    alternate,
    // Drawing that is held back is drawn a second later by itself.
    modes: { ...objectIn(service, 'decPrivateModes'), synchronizedOutput: undefined },
    ansi: objectIn(service, 'modes'),
    hidden: inside(service, 'isCursorHidden'),
    glevel: inside(core, '_charsetService', 'glevel'),
    charset: inside(core, '_charsetService', 'charset') ?? null,
    charsets: Object.values(objectIn(inside(core, '_charsetService'), '_charsets')).map((set) => set ?? null).filter((set) => set !== null),
    attributes: coloursOf(inside(handler, '_curAttrData')),
    buffers: ['normal', 'alt'].map((kind) => {
      const buffer = inside(core, 'buffers', kind);
      // The other screen begins where the cursor is.
      const place = kind === 'alt' && !alternate ? [] : ['x', 'y'];
      return {
        ...Object.fromEntries([...place, 'ybase', 'scrollTop', 'scrollBottom', 'savedX'].map((name) => [name, numberIn(buffer, name)])),
        savedRow: savedRowOf(buffer),
        saved: coloursOf(inside(buffer, 'savedCurAttrData')),
        savedCharset: inside(buffer, 'savedCharset') ?? null,
        tabs: objectIn(buffer, 'tabs'),
      };
    }),
  });
}

/** Where DECRC would go: it is kept with the lines that have scrolled off counted. */
function savedRowOf(buffer: unknown): number {
  return Math.max(numberIn(buffer, 'savedY') - numberIn(buffer, 'ybase'), 0);
}

function coloursOf(attributes: unknown): unknown {
  return [numberIn(attributes, 'fg'), numberIn(attributes, 'bg'), inside(attributes, 'extended', 'ext') ?? null, inside(attributes, 'extended', 'urlId') ?? null];
}

function sameLines(ours: unknown, theirs: unknown): boolean {
  const length = numberIn(ours, 'length');
  if (length !== numberIn(theirs, 'length')) return false;
  for (let row = 0; row < length; row += 1) {
    const [one, other] = [lineAt(ours, row), lineAt(theirs, row)];
    if (one === undefined || other === undefined || !sameLine(one, other)) return false;
  }
  return true;
}

function sameLine(one: Line, other: Line): boolean {
  const numbers = one.length * NUMBERS_A_CELL;
  if (one.isWrapped !== other.isWrapped || one.length !== other.length) return false;
  for (let at = 0; at < numbers; at += 1) if (one.cells[at] !== other.cells[at]) return false;
  for (let at = 0; at < numbers; at += NUMBERS_A_CELL) {
    const column = at / NUMBERS_A_CELL;
    if (((one.cells[at] ?? 0) & IS_COMBINED) !== 0 && inside(one.combined, column) !== inside(other.combined, column)) return false;
    if (((one.cells[at + 2] ?? 0) & HAS_EXTENDED) === 0) continue;
    for (const name of ['ext', 'urlId']) if (inside(one.extended, column, name) !== inside(other.extended, column, name)) return false;
  }
  return true;
}

function lineAt(lines: unknown, row: number): Line | undefined {
  const get = inside(lines, 'get');
  const line: unknown = typeof get === 'function' ? Reflect.apply(get, lines, [row]) : undefined;
  const cells = inside(line, '_data');
  if (!(cells instanceof Uint32Array)) return undefined;
  return { isWrapped: inside(line, 'isWrapped') === true, length: numberIn(line, 'length'), cells, combined: inside(line, '_combined'), extended: inside(line, '_extendedAttrs') };
}

/** What stands at a path inside a value; undefined where it leads nowhere. */
function inside(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((at, name) => ((typeof at === 'object' && at !== null) || typeof at === 'function' ? Reflect.get(at, name) : undefined), value);
}

function numberIn(value: unknown, name: string): number {
  const found = inside(value, name);
  return typeof found === 'number' ? found : Number.NaN;
}

function objectIn(value: unknown, name: string): object {
  const found = inside(value, name);
  return typeof found === 'object' && found !== null ? found : {};
}
