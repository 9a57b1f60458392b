import { useState } from 'react';
import type { Session } from '../../shared/ipc/stores.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { EndDialog } from '../sessions/end-dialog.tsx';
import { useParts } from '../stores/parts.tsx';

/** What the head of a watcher's window has: whose session it is, that it is only looked at, and ends of the watch and, for those who may, of the session. */
export function WatchHead({ session }: { readonly session: Session }) {
  const { mavis } = useParts();
  const text = useText();
  const [ending, setEnding] = useState(false);
  const { watching, phase } = session;
  if (watching === null) return null;
  const live = phase.status === 'connected';
  return (
    <>
      <span className="status-fact">
        <span className="status-fact-label">{text('watch.of')}</span>
        <strong className="ellipsis">{watching.userName}</strong>
      </span>
      {live && (
        <span className="badge badge-accent watch-mark" role="status" title={text('watch.mark-detail')}>
          <Icon name="eye" />
          {text('watch.mark')}
        </span>
      )}
      {live && watching.mayEnd && (
        <button type="button" className="button button-small button-danger" onClick={() => setEnding(true)}>
          {text('watch.end')}
        </button>
      )}
      {live && (
        <button type="button" className="button button-small" onClick={() => window.close()}>
          {text('watch.stop')}
        </button>
      )}
      {ending && (
        <EndDialog
          title={text('all-sessions.end', { user: watching.userName, resource: session.resourceName })}
          end={(reason) => ask(mavis.sessions.endWatched({ sessionId: session.id, reason }))}
          onClose={() => setEnding(false)}
          onAsked={() => setEnding(false)}
        />
      )}
    </>
  );
}
