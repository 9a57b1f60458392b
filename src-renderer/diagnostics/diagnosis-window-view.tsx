import { DocumentLook } from '../appearance/document-look.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { ErrorBoundary } from '../frame/error-boundary.tsx';
import { useText } from '../language/use-text.ts';
import { ProxyQuestionDialog } from '../network/proxy-question-dialog.tsx';
import { ShortcutsDialog } from '../palette/shortcuts-dialog.tsx';
import { usePalette } from '../palette/use-palette.ts';
import { useFed } from '../stores/parts.tsx';
import { DiagnosticsPage } from './diagnostics-page.tsx';

/** The diagnosis of one connection or resource, in a window that stands beside the session's: of which it is, then the panel as everywhere. */
export function DiagnosisWindowView() {
  const text = useText();
  const about = useFed('diagnostics', (state) => state.about);
  const { overlay, close } = usePalette(false);
  const protocolName = about ? text(`protocol.${about.protocol}`) : '';
  return (
    <div className="session-window" data-colour={about?.profileColour}>
      <DocumentLook title={about ? text('diagnostics.window-title', { resource: about.resourceName, protocol: protocolName }) : text('app.title')} />
      {about && (
        <header className="session-head">
          <p className="session-chip" title={about.resourceName}>
            <span className="profile-mark" />
            <span className="session-chip-profile ellipsis">{about.profileName}</span>
            <span className="session-chip-resource ellipsis">{about.resourceName}</span>
            <span className="tag">{protocolName}</span>
          </p>
          <span className="status-space" />
          {about.reference !== null && <ReferenceButton reference={about.reference} />}
        </header>
      )}
      <main className="diagnosis-body">
        <ErrorBoundary>
          {about === undefined ? (
            <p className="starting" role="status">
              <span className="spinner" />
              {text('app.starting')}
            </p>
          ) : (
            <DiagnosticsPage />
          )}
        </ErrorBoundary>
      </main>
      <ProxyQuestionDialog />
      {overlay === 'shortcuts' && <ShortcutsDialog role="diagnosis" onClose={close} />}
    </div>
  );
}
