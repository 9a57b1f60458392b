import { useCallback, useEffect, useState } from 'react';
import { windowAction } from '../../shared/ipc/window-actions.ts';
import { useParts } from '../stores/parts.tsx';

/** Which of the two stands over the window. */
export type Overlay = 'palette' | 'shortcuts' | null;

/** Opens the list of shortcuts as the menu asks or by `?`, and where `mayOpen` says so the palette; gives what is open, and what closes it. */
export function usePalette(mayOpen: boolean): { readonly overlay: Overlay; readonly close: () => void } {
  const { mavis } = useParts();
  const [overlay, setOverlay] = useState<Overlay>(null);
  useEffect(() => {
    // What stands over the page already is answered first.
    const open = (wanted: Exclude<Overlay, null>) => {
      if (document.querySelector('dialog[open]') === null) setOverlay(wanted);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '?' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      open('shortcuts');
    };
    document.addEventListener('keydown', onKey);
    const end = mavis.events.onAction((action) => {
      if (action === windowAction.enum['palette.open'] && mayOpen) open('palette');
      if (action === windowAction.enum['help.shortcuts']) open('shortcuts');
    });
    return () => {
      document.removeEventListener('keydown', onKey);
      end();
    };
  }, [mavis, mayOpen]);
  return { overlay, close: useCallback(() => setOverlay(null), []) };
}

/** Whether a key is a letter of a text, or of a terminal or desktop. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type="radio"]):not([type="checkbox"]), textarea, select, .session-body *'));
}
