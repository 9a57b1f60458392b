import { useStore } from 'zustand';
import { useText } from '../../language/use-text.ts';
import type { DerivedScreen } from './derived-screen.ts';

/** Over the screen of a desktop's recording: the derived picture of a position that the screen has not reached yet, marked as that. */
export function DerivedPicture({ derived }: { readonly derived: DerivedScreen }) {
  const text = useText();
  const shown = useStore(derived.store, (state) => state.shown);
  return (
    <div className="player-derived" hidden={!shown}>
      <canvas ref={(canvas) => derived.attach(canvas)} className="player-picture" />
      <span className="badge player-derived-mark">{text('player.derived')}</span>
    </div>
  );
}

/** How far a desktop's recording can be sought in at once, until all of it can. */
export function DerivingBadge({ derived, durationMs }: { readonly derived: DerivedScreen; readonly durationMs: number }) {
  const text = useText();
  const { deriving, untilMs } = useStore(derived.store);
  if (!deriving || durationMs === 0) return null;
  return <span className="badge">{text('player.deriving', { percent: Math.min(100, Math.floor((100 * untilMs) / durationMs)) })}</span>;
}
