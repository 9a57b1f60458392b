import { useState } from 'react';
import type { SettingName, SettingsImport } from '../../shared/ipc/settings.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { type Asked, ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { settingSections } from './setting-items.tsx';

/** What was last done with a file, or with all settings. */
type Done = { readonly kind: 'nothing' } | { readonly kind: 'exported' } | { readonly kind: 'reset' } | { readonly kind: 'imported'; readonly report: SettingsImport } | { readonly kind: 'failed'; readonly error: ShownError };

/** All settings as a file, from a file, or as they were at first. */
export function SettingsFile() {
  const { mavis } = useParts();
  const text = useText();
  const [done, setDone] = useState<Done>({ kind: 'nothing' });
  const [asking, setAsking] = useState(false);
  const told = <T,>(answer: Asked<T>, then: (value: T) => Done) => setDone(answer.ok ? then(answer.value) : { kind: 'failed', error: answer.error });
  const exportAll = async () => told(await ask(mavis.settings.export({})), ({ saved }) => (saved ? { kind: 'exported' } : { kind: 'nothing' }));
  const importAll = async () => told(await ask(mavis.settings.import({})), (report) => (report === null ? { kind: 'nothing' } : { kind: 'imported', report }));
  const reset = async () => {
    setAsking(false);
    told(await ask(mavis.settings.reset({})), () => ({ kind: 'reset' }));
  };
  return (
    <section className="settings-section">
      <h2>{text('settings.file')}</h2>
      <p className="field-hint">{text('settings.file-hint')}</p>
      <div className="settings-file-tools">
        <button type="button" className="button" onClick={() => void exportAll()}>
          <Icon name="download" />
          {text('settings.export')}
        </button>
        <button type="button" className="button" onClick={() => void importAll()}>
          <Icon name="file" />
          {text('settings.import')}
        </button>
        <button type="button" className="button" onClick={() => setAsking(true)}>
          <Icon name="replay" />
          {text('settings.reset')}
        </button>
      </div>
      <div role="status">
        {done.kind === 'exported' && <Good>{text('settings.exported')}</Good>}
        {done.kind === 'reset' && <Good>{text('settings.reset-done')}</Good>}
        {done.kind === 'imported' && <ImportReport report={done.report} />}
      </div>
      {done.kind === 'failed' && <ErrorNotice error={done.error} />}
      {asking && (
        <Dialog
          title={text('settings.reset-title')}
          onClose={() => setAsking(false)}
          actions={
            <>
              <button type="button" className="button" onClick={() => setAsking(false)}>
                {text('common.cancel')}
              </button>
              <button type="button" className="button button-danger" onClick={() => void reset()}>
                {text('settings.reset-confirm')}
              </button>
            </>
          }
        >
          <p>{text('settings.reset-body')}</p>
        </Dialog>
      )}
    </section>
  );
}

function Good({ children }: { readonly children: string }) {
  return (
    <p className="badge badge-good">
      <Icon name="check" />
      {children}
    </p>
  );
}

/** What became of a file's settings; those that were not taken by their names on this page. */
function ImportReport({ report }: { readonly report: SettingsImport }) {
  const text = useText();
  const formats = useFormats();
  const whole = report.refused.length === 0 && report.managed.length === 0 && report.unknown === 0 && report.taken.length > 0;
  const names = (settings: readonly SettingName[]): string => formats.list(settings.map((name) => text(labelOf(name))));
  return (
    <div className={whole ? 'notice notice-good' : 'notice notice-warn'}>
      <Icon name={whole ? 'check' : 'warning'} />
      <div className="notice-body">
        <p className="notice-message">{text('settings.imported', { count: report.taken.length })}</p>
        {report.refused.length > 0 && <p>{text('settings.import-refused', { names: names(report.refused) })}</p>}
        {report.managed.length > 0 && <p>{text('settings.import-managed', { names: names(report.managed) })}</p>}
        {report.unknown > 0 && <p>{text('settings.import-unknown', { count: report.unknown })}</p>}
      </div>
    </div>
  );
}

function labelOf(name: SettingName) {
  return settingSections.flatMap(({ items }) => items).find((item) => item.name === name)?.label ?? 'settings.title';
}
