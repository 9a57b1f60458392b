import { useCallback, useRef, useState } from 'react';

/** Runs one act at a time: what a second press or a second Enter asks for while one is under way is let go. `busy` is for how the button looks. */
export function useOneAtATime(): { readonly busy: boolean; readonly run: (act: () => Promise<void>) => Promise<void> } {
  // Two presses may come before the page is drawn again: the state alone would let the second through.
  const underWay = useRef(false);
  const [busy, setBusy] = useState(false);
  const run = useCallback(async (act: () => Promise<void>) => {
    if (underWay.current) return;
    underWay.current = true;
    setBusy(true);
    try {
      await act();
    } finally {
      underWay.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, run };
}
