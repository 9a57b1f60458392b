import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

/**
 * For details that in a narrow window stand in the place of their list: where what had the focus is out of sight with the list, they take it,
 * and give it back when they are closed. Beside the list they leave it there, so that arrow keys go on through the list.
 */
export function useFocusOfDetails<Details extends HTMLElement>(): RefObject<Details | null> {
  const details = useRef<Details>(null);
  const before = useRef<HTMLElement | null>(null);
  // Before the browser takes the focus from what it no longer shows.
  useLayoutEffect(() => {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || focused.checkVisibility()) return;
    before.current = focused;
    details.current?.focus();
    // However far down the list was scrolled.
    details.current?.scrollIntoView({ block: 'start' });
  }, []);
  // And once the list is there again.
  useEffect(() => () => before.current?.focus(), []);
  return details;
}
