import { Icon, type IconName } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';

/** Where the logs lead to, each for a connection's reference; null where the role may not go there. */
export interface WaysOn {
  readonly audit: ((reference: string) => void) | null;
  readonly errors: ((reference: string) => void) | null;
  readonly recordings: ((reference: string) => void) | null;
  readonly sessions: ((reference: string) => void) | null;
}

const looks = { audit: 'audit', errors: 'warning', recordings: 'record', sessions: 'windows' } as const satisfies Record<keyof WaysOn, IconName>;
const order = ['audit', 'errors', 'recordings', 'sessions'] as const;

/** Buttons to what else there is of a reference, in the other log, the recordings and the sessions. */
export function WayButtons({ ways, reference, but }: { readonly ways: WaysOn; readonly reference: string; readonly but: keyof WaysOn }) {
  const text = useText();
  return order
    .filter((way) => way !== but)
    .map((way) => {
      const go = ways[way];
      return (
        go && (
          <button key={way} type="button" className="button button-small" onClick={() => go(reference)}>
            <Icon name={looks[way]} />
            {text(`logs.to-${way}`)}
          </button>
        )
      );
    });
}
