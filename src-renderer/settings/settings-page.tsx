import { useEffect, useState } from 'react';
import type { ClientSettingsChanges } from '../../shared/ipc/settings.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask, askShowing } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { Setting } from './setting-fields.tsx';
import { findSettings } from './setting-items.tsx';
import { SettingsFile } from './settings-file.tsx';
import { UpdateStatus } from './update-status.tsx';
import { type Managed, useManaged } from './use-managed.ts';

/** The settings of this computer; each change holds at once, in every window. */
export function SettingsPage() {
  const { mavis } = useParts();
  const text = useText();
  const settings = useFed('settings', (state) => state);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [search, setSearch] = useState('');
  const managed = useManaged();
  const change = (changes: ClientSettingsChanges) => void askShowing(setFailure, mavis.settings.update({ changes }));
  if (!settings) return null;
  const found = findSettings(search, text);
  const searching = search.trim() !== '';
  return (
    <div className="page">
      <header className="page-head">
        <h1>{text('settings.title')}</h1>
        <span className="field-hint">{text('settings.saved')}</span>
        <span className="status-space" />
        <SettingsSearch search={search} onSearch={setSearch} />
        <span className="visually-hidden" role="status">
          {searching && text('settings.search-found', { count: found.reduce((count, { items }) => count + items.length, 0) })}
        </span>
      </header>
      <div className="page-body scroll settings" tabIndex={0} role="region" aria-label={text('settings.title')}>
        {failure && <ErrorNotice error={failure} />}
        {managed && !searching && <ManagedNotice managed={managed} />}
        {found.map(({ title, items }) => (
          <section key={title} className="settings-section">
            <h2>{text(title)}</h2>
            {title === 'settings.updates' && <UpdateStatus />}
            {items.map((item) => (
              <Setting key={item.name} locked={managed?.names.includes(item.name) ?? false}>
                {item.field({ settings, change, text })}
              </Setting>
            ))}
          </section>
        ))}
        {found.length === 0 && (
          <EmptyState icon="search" title={text('settings.search-none')} remedy={text('settings.search-none-remedy')}>
            <button type="button" className="button" onClick={() => setSearch('')}>
              {text('resources.clear-search')}
            </button>
          </EmptyState>
        )}
        {!searching && <SettingsFile />}
        {!searching && <About />}
      </div>
    </div>
  );
}

/** Escape clears it first. */
function SettingsSearch({ search, onSearch }: { readonly search: string; readonly onSearch: (search: string) => void }) {
  const text = useText();
  return (
    <div className="settings-search">
      <Icon name="search" />
      <input
        type="search"
        className="input"
        aria-label={text('settings.search')}
        placeholder={text('settings.search')}
        value={search}
        maxLength={100}
        onChange={(event) => onSearch(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && search !== '') {
            event.preventDefault();
            onSearch('');
          }
        }}
      />
    </div>
  );
}

function ManagedNotice({ managed }: { readonly managed: Managed }) {
  const text = useText();
  const formats = useFormats();
  if (managed.names.length === 0 && managed.features.length === 0) return null;
  return (
    <div className="notice notice-plain settings-managed-notice">
      <Icon name="shield" />
      <div className="notice-body">
        <p>{text('settings.managed-notice')}</p>
        {managed.features.length > 0 && <p>{text('settings.managed-features', { names: formats.list(managed.features.map((feature) => text(`settings.feature-${feature}`))) })}</p>}
      </div>
    </div>
  );
}

function About() {
  const { mavis } = useParts();
  const text = useText();
  const [about, setAbout] = useState<{ readonly version: string; readonly engine: string; readonly platform: string } | null>(null);
  useEffect(() => {
    let current = true;
    const read = async () => {
      const answer = await ask(mavis.app.about({}));
      if (current && answer.ok) setAbout(answer.value);
    };
    void read();
    return () => {
      current = false;
    };
  }, [mavis]);
  if (!about) return null;
  return (
    <section className="settings-section">
      <h2>{text('settings.about')}</h2>
      <p>{text('app.title')}</p>
      <p className="field-hint">{text('settings.version', { version: about.version })}</p>
      <p className="field-hint">{text('settings.engine', { engine: about.engine, platform: about.platform })}</p>
    </section>
  );
}
