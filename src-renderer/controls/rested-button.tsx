import type { KeyboardEvent, ReactNode, Ref } from 'react';
import { useRest } from './use-rest.ts';

interface RestedButtonProps {
  /** What the button does now: another deed under the same pointer rests anew. */
  readonly of: string;
  readonly className: string;
  readonly off?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly onPress: () => void;
  readonly children: ReactNode;
}

/** A button that comes by itself under fingers or pointer: it takes no press until it has been there for a moment in which nobody typed, and none of a key that is held. */
export function RestedButton({ of, className, off = false, ref, onPress, children }: RestedButtonProps) {
  const { resting, again, onKeyDown } = useRest(of);
  const onKey = (event: KeyboardEvent) => {
    onKeyDown(event);
    // Letters on a button are of somebody who types to what was there before, and will press Enter at the end.
    if (!resting && event.key.length === 1 && event.key !== ' ') again();
  };
  return (
    <button ref={ref} type="button" className={className} aria-disabled={off || resting} onKeyDown={onKey} onClick={() => !off && !resting && onPress()}>
      {children}
    </button>
  );
}
