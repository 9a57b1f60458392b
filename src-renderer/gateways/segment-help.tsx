import type { Actor } from '../../shared/errors/catalogue.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';

/** What to check where no Gateway is available, in order, and who must act (S43-S46). */
const checks = [
  { name: 'installed', actor: 'gateway-administrator' },
  { name: 'synchronised', actor: 'gateway-administrator' },
  { name: 'proxy', actor: 'your-it' },
  { name: 'network', actor: 'your-it' },
] as const satisfies readonly { name: string; actor: Actor }[];

/** The help panel of a segment without an available Gateway; null for the Gateways without a segment. */
export function SegmentHelp({ segment }: { readonly segment: string | null }) {
  const text = useText();
  return (
    <div className="notice notice-warn segment-help" role="group" aria-label={segment === null ? text('gateway-help.title-none') : text('gateway-help.title', { segment })}>
      <Icon name="warning" />
      <div className="notice-body">
        <p className="notice-message">{segment === null ? text('gateway-help.title-none') : text('gateway-help.title', { segment })}</p>
        <ol className="segment-help-list">
          {checks.map(({ name, actor }) => (
            <li key={name}>
              <strong>{text(`gateway-help.${name}`)}</strong>
              <span>{text(`gateway-help.${name}-how`)}</span>
              <span className="segment-help-actor">
                {text('common.who-acts')}: <strong>{text(`actor.${actor}`)}</strong>
              </span>
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}
