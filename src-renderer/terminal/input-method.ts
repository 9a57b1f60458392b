import type { IDisposable, Terminal } from '@xterm/xterm';

/** Windows' virtual key of every key that an input method has taken (VK_PROCESSKEY); what browsers show pages meanwhile, on every system. */
const PROCESS_KEY = 229;

/** An input method at a terminal. */
export interface TerminalInputMethod extends IDisposable {
  /** Whether a key is the input method's, so that the terminal leaves it alone. */
  readonly takes: (event: KeyboardEvent) => boolean;
}

/**
 * Takes what an input method gives a terminal: what it composes is shown at the cursor, kept in sight near the right edge, with
 * the field that the system's candidates stand at; what it commits is sent at once, once and in order.
 *
 * xterm.js does this itself, with timers that read its field when the page gets to it (CompositionHelper, 6.0): in a page that is
 * busy a word that is committed by then is sent twice, or in part. So nothing of a composition reaches xterm.js here; the browser
 * says with the end of each what was committed, and changes the field no more after it (Input Method Editor API, UI Events 4.3.8).
 * Call after `open`.
 */
export function takeInputMethod(terminal: Terminal): TerminalInputMethod {
  const { element, textarea } = terminal;
  const view = element?.querySelector<HTMLElement>('.composition-view');
  const screen = element?.querySelector<HTMLElement>('.xterm-screen');
  if (!element || !view || !screen || !textarea) return { takes: () => false, dispose: () => undefined };
  /** Whether the last key that went down was the input method's: what is typed into the field then comes from it. */
  let keyTaken = false;

  const place = (): void => {
    const { active } = terminal.buffer;
    const row = active.baseY + active.cursorY - active.viewportY;
    if (!view.classList.contains('active') || row < 0 || row >= terminal.rows) return;
    const cellWidthPx = screen.clientWidth / terminal.cols;
    const cellHeightPx = screen.clientHeight / terminal.rows;
    const leftPx = Math.min(active.cursorX, terminal.cols - 1) * cellWidthPx;
    const { fontFamily = '', fontSize = 0 } = terminal.options;
    Object.assign(view.style, { left: `${leftPx}px`, top: `${row * cellHeightPx}px`, minHeight: `${cellHeightPx}px`, lineHeight: `${cellHeightPx}px`, fontFamily, fontSize: `${fontSize}px`, maxWidth: `${screen.clientWidth}px` });
    // Measured where it would stand, and moved left by what is over the edge; what is longer than a line is broken.
    const overPx = view.getBoundingClientRect().right - screen.getBoundingClientRect().right;
    if (overPx > 0) view.style.left = `${leftPx - Math.ceil(overPx)}px`;
    const { width, height } = view.getBoundingClientRect();
    Object.assign(textarea.style, { left: view.style.left, top: view.style.top, width: `${Math.max(width, 1)}px`, height: `${Math.max(height, 1)}px`, lineHeight: `${height}px` });
  };
  const show = (text: string): void => {
    view.textContent = text;
    view.classList.add('active');
    place();
  };
  const send = (text: string): void => {
    // What stays in the field would be composed anew by an input method that reads it.
    textarea.value = '';
    if (text !== '') terminal.input(text);
  };

  const ended = new AbortController();
  const listen = <Name extends 'compositionstart' | 'compositionupdate' | 'compositionend' | 'input'>(name: Name, take: (event: HTMLElementEventMap[Name]) => boolean): void => {
    // On the way down to the field, where xterm.js listens.
    element.addEventListener(
      name,
      (event) => {
        if (event.target === textarea && take(event)) event.stopPropagation();
      },
      { capture: true, signal: ended.signal },
    );
  };
  listen('compositionstart', () => {
    terminal.scrollToBottom();
    show('');
    return true;
  });
  listen('compositionupdate', (event) => {
    show(event.data);
    return true;
  });
  listen('compositionend', (event) => {
    view.classList.remove('active');
    send(event.data);
    return true;
  });
  listen('input', (event) => {
    if (!(event instanceof InputEvent)) return false;
    if (event.isComposing || event.inputType === 'insertCompositionText') return true;
    // A digit or a full stop that the input method passes on without composing.
    if (!keyTaken || event.inputType !== 'insertText') return false;
    send(event.data ?? '');
    return true;
  });
  // Output that comes meanwhile moves the cursor, and with it what is composed.
  const rendered = terminal.onRender(place);
  return {
    takes: (event) => {
      // With Option as Meta xterm.js wants that key although the system composes accents with it.
      const taken = (event.isComposing || event.keyCode === PROCESS_KEY) && !(terminal.options.macOptionIsMeta === true && event.altKey);
      if (event.type === 'keydown') keyTaken = taken;
      return taken;
    },
    dispose: () => {
      ended.abort();
      rendered.dispose();
    },
  };
}
