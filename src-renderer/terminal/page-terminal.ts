import { FitAddon } from '@xterm/addon-fit';
import { type ISearchOptions, SearchAddon } from '@xterm/addon-search';
import { WebglAddon } from '@xterm/addon-webgl';
import { type IBufferRange, type IDisposable, Terminal } from '@xterm/xterm';
import { boundedGrid } from './grid-bounds.ts';
import { hardenTerminal, safeTitle } from './hardened.ts';
import { takeInputMethod } from './input-method.ts';
import { linksIn, readLink, type SeenLink } from './links.ts';
import { ReadingLimit } from './reading-limit.ts';
import { liveOptions, terminalOptions, type TerminalSettings } from './terminal-options.ts';
import { LimitedUnicode11Addon } from './unicode-widths.ts';

/** Size of a terminal's grid and of its area. */
export interface GridSize {
  readonly columns: number;
  readonly rows: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A search's state, as xterm.js counts it: `index` is -1 where there are too many to number. */
export interface FoundMatches {
  readonly index: number;
  readonly count: number;
}

export interface PageTerminalEvents {
  readonly onInput?: (bytes: Uint8Array) => void;
  readonly onSize?: (size: GridSize) => void;
  readonly onTitle?: (title: string) => void;
  readonly onBell?: () => void;
  /** A link was pressed; `shown` is the text that stood there. Without this, links do nothing. */
  readonly onLink?: (link: SeenLink, shown: string) => void;
  readonly onSelected?: (text: string) => void;
  readonly onFound?: (matches: FoundMatches) => void;
  /** Output comes faster than it can be read aloud, or no longer does. */
  readonly onFlood?: (flooded: boolean) => void;
  /** A key before the terminal takes it; true keeps it from the terminal. */
  readonly onKey?: (event: KeyboardEvent) => boolean;
}

const MATCH_MARKS = { matchBackground: '#8a6d1f', matchOverviewRuler: '#d9b44a', activeMatchBackground: '#c2410c', activeMatchColorOverviewRuler: '#ff8a4c' } as const;

/**
 * The one terminal of our pages, for sessions and for the player: hardened, with WebGL where it can be had, in an element.
 * `dispose` ends it.
 */
export class PageTerminal {
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #events: PageTerminalEvents;
  readonly #element: HTMLElement;
  readonly #ended: IDisposable[] = [];
  readonly #encoder = new TextEncoder();
  readonly #reading: ReadingLimit;
  #observer: ResizeObserver | undefined;
  #frame = 0;

  constructor(element: HTMLElement, settings: TerminalSettings, events: PageTerminalEvents, mode: { readonly readOnly: boolean; readonly fitted: boolean }) {
    this.#element = element;
    this.#events = events;
    this.#terminal = new Terminal({
      ...terminalOptions(settings, mode.readOnly),
      linkHandler: { activate: (_event, uri, range) => events.onLink?.(readLink(uri), this.#textOf(range)), allowNonHttpProtocols: true },
    });
    const terminal = this.#terminal;
    this.#reading = new ReadingLimit({
      switchReading: (on) => this.#switchReading(on),
      isBeingRead: () => element.querySelector('.xterm-accessibility')?.contains(document.activeElement) === true,
      onFlood: (flooded) => events.onFlood?.(flooded),
      every: (callback, milliseconds) => {
        const timer = setInterval(callback, milliseconds);
        return () => clearInterval(timer);
      },
    });
    this.#reading.want(settings.terminalScreenReader);
    this.#ended.push({ dispose: () => this.#reading.end() });
    this.#ended.push(hardenTerminal(terminal, events.onTitle ? { onTitle: events.onTitle } : {}));
    terminal.loadAddon(new LimitedUnicode11Addon());
    terminal.loadAddon(this.#search);
    terminal.open(element);
    this.#useWebgl();
    const inputMethod = mode.readOnly ? undefined : takeInputMethod(terminal);
    if (inputMethod) {
      this.#ended.push(inputMethod);
      this.#ended.push(terminal.onData((data) => events.onInput?.(this.#encoder.encode(data))));
      this.#ended.push(terminal.onBinary((data) => events.onInput?.(Uint8Array.from(data, (character) => character.charCodeAt(0)))));
    }
    terminal.attachCustomKeyEventHandler((event) => inputMethod?.takes(event) !== true && !(events.onKey?.(event) ?? false));
    this.#ended.push(terminal.onBell(() => events.onBell?.()));
    this.#ended.push(terminal.onSelectionChange(() => terminal.hasSelection() && events.onSelected?.(terminal.getSelection())));
    this.#ended.push(this.#search.onDidChangeResults(({ resultIndex, resultCount }) => events.onFound?.({ index: resultIndex, count: resultCount })));
    if (events.onLink) this.#ended.push(this.#writtenLinks());
    if (mode.fitted) this.#follow();
  }

  /** Shows bytes; `drawn` is called when they have been parsed. */
  write(bytes: Uint8Array | string, drawn?: () => void): void {
    const parsed = this.#reading.writing(bytes.length);
    this.#terminal.write(bytes, () => {
      parsed();
      drawn?.();
    });
  }

  /** Sends a text as if it had been typed, in brackets where the program asked for that. The text must be prepared. */
  paste(text: string): void {
    this.#terminal.paste(text);
  }

  focus(): void {
    this.#terminal.focus();
  }

  get selection(): string {
    return this.#terminal.getSelection();
  }

  get size(): GridSize {
    const { clientWidth, clientHeight } = this.#element;
    return { columns: this.#terminal.cols, rows: this.#terminal.rows, widthPx: clientWidth, heightPx: clientHeight };
  }

  /** Follows changed settings. */
  apply(settings: TerminalSettings): void {
    this.#terminal.options = { ...liveOptions(settings), screenReaderMode: this.#reading.want(settings.terminalScreenReader) };
    if (this.#observer) this.#refit();
  }

  /** A fixed size, for the player. */
  resize(columns: number, rows: number): void {
    const grid = boundedGrid(columns, rows);
    this.#terminal.resize(grid.columns, grid.rows);
  }

  /** Everything shown is gone, and every mode is as at the start. */
  reset(): void {
    this.#terminal.reset();
  }

  /** After a session: modes back (screen, mouse, paste brackets, cursor), what was shown stays. */
  endModes(): void {
    this.#terminal.write('\u001B[?1049l\u001B[!p\u001B[?9;1000;1002;1003;1004;1005;1006;1015;2004l\u001B[?25h\r\n');
  }

  find(term: string, options: { readonly caseSensitive: boolean; readonly regex: boolean }, direction: 'next' | 'previous', incremental: boolean): void {
    if (term === '') {
      this.endFind();
      return this.#terminal.clearSelection();
    }
    const search: ISearchOptions = { ...options, incremental, decorations: MATCH_MARKS };
    if (direction === 'next') this.#search.findNext(term, search);
    else this.#search.findPrevious(term, search);
  }

  /** Takes the marks away. What was found last stays selected, so that the keyboard alone can copy it. */
  endFind(): void {
    this.#search.clearDecorations();
  }

  /** What stands in the last lines, as text; for tests and screen readers. */
  textOfScreen(): string {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: active.length }, (_, index) => active.getLine(index)?.translateToString(true) ?? '').join('\n');
  }

  dispose(): void {
    this.#observer?.disconnect();
    cancelAnimationFrame(this.#frame);
    for (const ended of this.#ended) ended.dispose();
    this.#terminal.dispose();
  }

  /** WebGL draws fastest where a graphics card does it; where it cannot be had, or is taken away, xterm.js draws with the document instead. */
  #useWebgl(): void {
    if (!hasGraphicsCard()) return;
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    try {
      this.#terminal.loadAddon(webgl);
    } catch {
      webgl.dispose();
    }
  }

  /** Whoever stood in the rows that go is taken to the prompt, not out of the window. */
  #switchReading(on: boolean): void {
    const within = this.#element.querySelector('.xterm-accessibility')?.contains(document.activeElement) === true;
    this.#terminal.options.screenReaderMode = on;
    if (within && !on) this.#terminal.focus();
  }

  #follow(): void {
    this.#terminal.loadAddon(this.#fit);
    this.#observer = new ResizeObserver(() => {
      // Once a frame: while a window is dragged, sizes come faster than a target wants to hear of them.
      cancelAnimationFrame(this.#frame);
      this.#frame = requestAnimationFrame(() => this.#refit());
    });
    this.#observer.observe(this.#element);
    this.#refit();
  }

  #refit(): void {
    const proposed = this.#fit.proposeDimensions();
    // An element that is not shown has no size; the size before stays.
    if (!proposed || this.#element.clientWidth === 0 || !Number.isFinite(proposed.cols) || !Number.isFinite(proposed.rows)) return;
    const before = this.size;
    this.resize(proposed.cols, proposed.rows);
    const after = this.size;
    if (before.columns !== after.columns || before.rows !== after.rows) this.#events.onSize?.(after);
  }

  #textOf(range: IBufferRange): string {
    const line = this.#terminal.buffer.active.getLine(range.start.y - 1);
    const end = range.end.y === range.start.y ? range.end.x : this.#terminal.cols;
    return safeTitle(line?.translateToString(true, range.start.x - 1, end) ?? '');
  }

  #writtenLinks(): IDisposable {
    return this.#terminal.registerLinkProvider({
      provideLinks: (y, callback) => {
        const line = this.#terminal.buffer.active.getLine(y - 1);
        if (!line) return callback(undefined);
        const { text, columns } = textWithColumns(line, this.#terminal.cols);
        return callback(
          linksIn(text).map(({ url, start, end }) => ({
            text: url,
            range: { start: { x: (columns[start] ?? 0) + 1, y }, end: { x: (columns[end - 1] ?? 0) + 1, y } },
            activate: () => this.#events.onLink?.(readLink(url), url),
          })),
        );
      },
    });
  }
}

/** Names under which WebGL is drawn by the processor: SwiftShader (Chromium), llvmpipe and softpipe (Mesa), Basic Render (Windows). */
const SOFTWARE_RENDERERS = /swiftshader|llvmpipe|softpipe|basic render|software/i;

/**
 * Whether WebGL is drawn by hardware. Drawn by the processor it is about a third as fast as the document (measured: 0.8
 * against 3 MB/s), and Chromium takes it for fast when asked for `failIfMajorPerformanceCaveat`.
 */
function hasGraphicsCard(): boolean {
  const probe = document.createElement('canvas').getContext('webgl2');
  if (!probe) return false;
  const debug = probe.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = debug ? probe.getParameter(debug.UNMASKED_RENDERER_WEBGL) : '';
  probe.getExtension('WEBGL_lose_context')?.loseContext();
  return typeof name === 'string' && !SOFTWARE_RENDERERS.test(name);
}

/** A line's text, and for each unit of the text the column that it stands in. */
function textWithColumns(line: { getCell: (x: number) => { getChars: () => string; getWidth: () => number } | undefined }, width: number): { text: string; columns: number[] } {
  let text = '';
  const columns: number[] = [];
  for (let x = 0; x < width; x++) {
    const cell = line.getCell(x);
    if (!cell || cell.getWidth() === 0) continue;
    const characters = cell.getChars() || ' ';
    text += characters;
    for (let unit = 0; unit < characters.length; unit++) columns.push(x);
  }
  return { text, columns };
}
