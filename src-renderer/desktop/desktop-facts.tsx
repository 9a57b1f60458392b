import type { Session } from '../../shared/ipc/stores.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';

interface DesktopFactsProps {
  readonly session: Session;
  readonly size: { readonly width: number; readonly height: number } | null;
  /** Updates a second. */
  readonly rate: number;
  readonly viewOnly: boolean;
}

/** What the status bar says of a desktop: whether it is only looked at, whether its leg to the target is encrypted, size and frame rate. */
export function DesktopFacts({ session, size, rate, viewOnly }: DesktopFactsProps) {
  const text = useText();
  return (
    <>
      {viewOnly && (
        <span className="badge" role="status">
          <Icon name="eye" />
          {text('desktop.view-only')}
        </span>
      )}
      {session.targetEncrypted === false && (
        <span className="badge badge-warn" title={text('desktop.unencrypted-detail')}>
          <Icon name="warning" />
          {text('desktop.unencrypted')}
        </span>
      )}
      {size && (
        <span className="status-fact tabular" title={text('desktop.size')}>
          {size.width} × {size.height}
        </span>
      )}
      <span className="status-fact tabular" title={text('desktop.frame-rate')}>
        {text('desktop.frame-rate-value', { rate })}
      </span>
    </>
  );
}
