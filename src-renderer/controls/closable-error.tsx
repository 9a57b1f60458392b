import type { ShownError } from '../../shared/ipc/stores.ts';
import { useText } from '../language/use-text.ts';
import { ErrorNotice } from './error-notice.tsx';

/** What failed of something that was only tried, over what goes on; nothing without an error. Gone when its reader closes it. */
export function ClosableError({ error, onClose }: { readonly error: ShownError | null; readonly onClose: () => void }) {
  const text = useText();
  return (
    error && (
      <div className="terminal-notice">
        <ErrorNotice error={error}>
          <button type="button" className="button button-small" onClick={onClose}>
            {text('common.close')}
          </button>
        </ErrorNotice>
      </div>
    )
  );
}
