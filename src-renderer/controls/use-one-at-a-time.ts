import { useRef } from 'react';

/** Runs what a button or Enter asks for, one at a time: pressed again while the answer is on its way, it would be done twice. */
export function useOneAtATime(run: () => Promise<void>): () => void {
  const runs = useRef(false);
  return () => {
    if (runs.current) return;
    runs.current = true;
    void run().finally(() => {
      runs.current = false;
    });
  };
}
