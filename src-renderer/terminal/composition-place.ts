import type { IDisposable, Terminal } from '@xterm/xterm';

/**
 * Keeps what an input method composes in sight. xterm.js draws it from the cursor to the right, over the terminal's edge where
 * the line is nearly full; here it moves left as far as it must, and what is longer than a line is broken. The field that the
 * system's candidates stand at moves along. Call after `open`.
 */
export function keepCompositionInSight(terminal: Terminal): IDisposable {
  const { element, textarea } = terminal;
  const view = element?.querySelector<HTMLElement>('.composition-view');
  const screen = element?.querySelector<HTMLElement>('.xterm-screen');
  if (!view || !screen || !textarea) return { dispose: () => undefined };
  const place = (): void => {
    if (!view.classList.contains('active')) return;
    view.style.maxWidth = `${screen.clientWidth}px`;
    view.style.marginLeft = '0';
    const over = view.getBoundingClientRect().right - screen.getBoundingClientRect().right;
    const shift = over > 0 ? `${-Math.ceil(over)}px` : '0';
    view.style.marginLeft = shift;
    textarea.style.marginLeft = shift;
  };
  const end = (): void => {
    textarea.style.marginLeft = '0';
  };
  textarea.addEventListener('compositionupdate', place);
  textarea.addEventListener('compositionend', end);
  // Output that comes meanwhile moves the cursor, and with it what is composed.
  const rendered = terminal.onRender(place);
  return {
    dispose: () => {
      textarea.removeEventListener('compositionupdate', place);
      textarea.removeEventListener('compositionend', end);
      rendered.dispose();
    },
  };
}
