import { useCallback, useEffect, useState } from 'react';
import type { Role } from '../../shared/api/roles.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { windowAction } from '../../shared/ipc/window-actions.ts';
import { AccessRulesPage } from '../access-rules/access-rules-page.tsx';
import { AuditPage } from '../audit/audit-page.tsx';
import { ErrorLogPage } from '../error-log/error-log-page.tsx';
import { CredentialsPage } from '../credentials/credentials-page.tsx';
import { ClosableError } from '../controls/closable-error.tsx';
import { GatewaysPage } from '../gateways/gateways-page.tsx';
import { DiagnosticsPage } from '../diagnostics/diagnostics-page.tsx';
import { SentReportsPage } from '../diagnostics/sent-reports.tsx';
import { DocumentLook } from '../appearance/document-look.tsx';
import { useText } from '../language/use-text.ts';
import type { WaysOn } from '../logs/ways-on.tsx';
import { ForeignPromptDialog } from '../foreign-clients/foreign-prompt-dialog.tsx';
import { ProxyQuestionDialog } from '../network/proxy-question-dialog.tsx';
import { CommandPalette } from '../palette/command-palette.tsx';
import { ShortcutsDialog } from '../palette/shortcuts-dialog.tsx';
import { OwnLogPage } from '../own-log/own-log-page.tsx';
import { usePalette } from '../palette/use-palette.ts';
import { RecordingsPage } from '../recordings/recordings-page.tsx';
import { ResourcesPage } from '../resources/resources-page.tsx';
import { SessionsPage } from '../sessions/sessions-page.tsx';
import { SettingsPage } from '../settings/settings-page.tsx';
import { ChangePasswordPage } from '../sign-in/change-password.tsx';
import { SignInPage } from '../sign-in/sign-in-page.tsx';
import { UsersPage } from '../users/users-page.tsx';
import { useFed, useParts } from '../stores/parts.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { pages, pagesFor, type PageId, type Place } from './pages.ts';
import { Rail } from './rail.tsx';
import { StatusBar } from './status-bar.tsx';

/** The main window: sign-in, or menu, page and status bar. */
export function MainWindowView() {
  const text = useText();
  const account = useFed('account', (state) => state);
  const [changingPassword, setChangingPassword] = useState(false);
  const [place, setPlace] = useState<Place>({ page: 'resources', reference: null });
  const open = useCallback((page: PageId, reference: string | null = null) => setPlace({ page, reference }), []);
  useMenuActions(open, useCallback(() => setChangingPassword(true), []));
  const [failure, setFailure] = useState<ShownError | null>(null);
  const signedIn = account?.status === 'signed-in' ? account.user : undefined;
  const [lastUserId, setLastUserId] = useState<string | null>(null);
  // Who signs in next begins anew; the same person goes on where the sign-in ended.
  if (signedIn === undefined && changingPassword) setChangingPassword(false);
  if (signedIn !== undefined && signedIn.id !== lastUserId) {
    setLastUserId(signedIn.id);
    if (lastUserId !== null) {
      setPlace({ page: 'resources', reference: null });
      setFailure(null);
    }
  }
  const mustChange = signedIn?.mustChangePassword === true;
  const working = signedIn !== undefined && !mustChange && !changingPassword;
  const { overlay, close } = usePalette(working);
  return (
    <>
      <DocumentLook title={text('app.title')} />
      <ProxyQuestionDialog />
      <ForeignPromptDialog />
      {overlay === 'shortcuts' && <ShortcutsDialog role="main" onClose={close} />}
      {!account && <Starting />}
      {account && !signedIn && <SignInPage />}
      {signedIn && (mustChange || changingPassword) && <ChangePasswordPage forced={mustChange} onDone={() => setChangingPassword(false)} />}
      {signedIn && working && (
        <div className="window">
          <a className="skip" href="#content" onClick={(event) => skipToContent(event)}>
            {text('common.skip-to-content')}
          </a>
          {overlay === 'palette' && <CommandPalette role={signedIn.role} onClose={close} onFailure={setFailure} />}
          <Rail page={place.page} user={signedIn} onOpen={open} onChangePassword={() => setChangingPassword(true)} />
          <main id="content" className="content" tabIndex={-1}>
            <span key={place.page} ref={beginAtTop} hidden />
            {failure && <ClosableError error={failure} onClose={() => setFailure(null)} />}
            <ErrorBoundary key={place.page}>{pageOf(place, signedIn.role, open)}</ErrorBoundary>
          </main>
          <StatusBar />
        </div>
      )}
    </>
  );
}

function pageOf(place: Place, role: Role, open: (page: PageId, reference?: string | null) => void) {
  const allowed = (page: PageId) => pagesFor(role).some(({ id }) => id === page);
  if (!allowed(place.page)) return <ResourcesPage />;
  const wayTo = (page: PageId) => (allowed(page) ? (reference: string) => open(page, reference) : null);
  const ways: WaysOn = { audit: wayTo('audit'), errors: wayTo('errors'), recordings: wayTo('recordings'), sessions: wayTo('sessions') };
  switch (place.page) {
    case 'resources':
      return <ResourcesPage />;
    case 'sessions':
      return <SessionsPage key={place.reference} reference={place.reference} />;
    case 'recordings':
      return <RecordingsPage reference={place.reference} onShowAudit={(reference) => open('audit', reference)} />;
    case 'audit':
      return <AuditPage key={place.reference} reference={place.reference} ways={ways} />;
    case 'errors':
      return <ErrorLogPage key={place.reference} reference={place.reference} ways={ways} />;
    case 'gateways':
      return <GatewaysPage onToResources={() => open('resources')} />;
    case 'users':
      return <UsersPage />;
    case 'rules':
      return <AccessRulesPage />;
    case 'credentials':
      return <CredentialsPage />;
    case 'diagnostics':
      return <DiagnosticsPage onLog={() => open('own-log')} onReports={allowed('reports') ? () => open('reports') : undefined} />;
    case 'reports':
      return <SentReportsPage onBack={() => open('diagnostics')} />;
    case 'own-log':
      return <OwnLogPage onBack={() => open('diagnostics')} />;
    case 'settings':
      return <SettingsPage />;
  }
  return place.page satisfies never;
}

/** Menu items of main that open a page, or the change of the password. */
function useMenuActions(open: (page: PageId) => void, changePassword: () => void): void {
  const { mavis } = useParts();
  useEffect(
    () =>
      mavis.events.onAction((received) => {
        const action = windowAction.safeParse(received);
        const page = action.success ? pages.find((candidate) => candidate.action === action.data) : undefined;
        if (page) open(page.id);
        if (received === windowAction.enum['account.change-password']) changePassword();
      }),
    [mavis, open, changePassword],
  );
}

/** A small window scrolls as a whole: what comes with a page takes it to its top. */
function beginAtTop(mark: HTMLElement | null): void {
  const frame = mark?.closest('.window');
  if (frame) frame.scrollTop = 0;
}

function skipToContent(event: { preventDefault: () => void }): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#content')?.focus();
}

function Starting() {
  const text = useText();
  return (
    <div className="starting" role="status">
      <span className="spinner" />
      {text('app.starting')}
    </div>
  );
}
