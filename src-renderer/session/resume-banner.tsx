import { clock } from '../language/formats.ts';
import { useNow } from '../language/use-now.ts';
import { useText } from '../language/use-text.ts';

interface ResumeBannerProps {
  /** When the connection was cut, and until when it is sought again (UTC instants). */
  readonly resuming: { readonly since: string; readonly until: string };
  readonly onTryNow: () => void;
  readonly onEnd: () => void;
}

/**
 * That the connection was cut and is sought again, for how long still, and that typing waits. Announced once; the time that
 * is left is drawn each second, but not read out. The terminal keeps the keyboard: typing goes on and is sent later.
 */
export function ResumeBanner({ resuming, onTryNow, onEnd }: ResumeBannerProps) {
  const text = useText();
  const now = useNow(1000);
  return (
    <section className="end-banner resume-banner" aria-label={text('session.interrupted')}>
      <span className="spinner" />
      <div className="notice-body">
        <p className="notice-message" role="alert">
          {text('session.interrupted-trying')}
        </p>
        <p className="notice-remedy">{text('session.interrupted-typing')}</p>
        <p className="notice-foot tabular" role="timer" aria-live="off">
          {text('session.interrupted-ends', { left: clock(Math.max(0, Date.parse(resuming.until) - now)) })}
        </p>
      </div>
      <div className="end-actions">
        <button type="button" className="button" onClick={onEnd}>
          {text('session.end')}
        </button>
        <button type="button" className="button button-primary" onClick={onTryNow}>
          {text('session.try-now')}
        </button>
      </div>
    </section>
  );
}
