import { useCallback, useRef, useState } from 'react';
import { logFilter, type ErrorLogEntry } from '../../shared/api/audit.ts';
import { knownErrorCode } from '../../shared/errors/catalogue.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ListPage, ReloadButton } from '../controls/list-page.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';
import { ExportButtons, ExportList } from '../logs/log-export.tsx';
import { LogEntryDetails } from '../logs/log-entry-details.tsx';
import { factsLine } from '../logs/log-facts.ts';
import { LogFilter } from '../logs/log-filter.tsx';
import { emptyForm, filterOf, type LogFilterForm } from '../logs/log-filter-form.ts';
import { LogGrid, type LogColumn, type LogGridHandle } from '../logs/log-grid.tsx';
import { usePaged } from '../mavis/use-paged.ts';
import { WayButtons, type WaysOn } from '../logs/ways-on.tsx';
import { useFed, useParts } from '../stores/parts.tsx';

const PAGE_LIMIT = 100;

/** The error log of Gateways and connections, each entry worded by the catalogue (S12, S17, S18). `reference` is where to begin. */
export function ErrorLogPage({ reference, ways }: { readonly reference: string | null; readonly ways: WaysOn }) {
  const { mavis } = useParts();
  const text = useText();
  const [form, setForm] = useState<LogFilterForm>({ ...emptyForm, reference: reference ?? '' });
  const [chosen, setChosen] = useState<ErrorLogEntry | null>(null);
  const grid = useRef<LogGridHandle>(null);
  const load = useCallback((cursor: string | undefined) => mavis.service.errorLogList({ params: {}, query: { ...logFilter.parse(filterOf(form, Date.now())), limit: PAGE_LIMIT, ...(cursor === undefined ? {} : { cursor }) }, body: {} }), [mavis, form]);
  const list = usePaged(load, { changes: useFed('changes', (state) => state['error-log']) ?? 0, atTop: () => grid.current?.atTop() ?? true });
  const columns = useColumns();
  const close = () => {
    setChosen(null);
    grid.current?.focus();
  };
  const nothing = list.items.length === 0 && list.status === 'ready';
  return (
    <ListPage
      title={text('errors.title')}
      tools={
        <>
          <ExportButtons log="error-log" filter={() => filterOf(form, Date.now())} />
          <ReloadButton onReload={list.reload} />
        </>
      }
      above={
        <>
          <LogFilter log="error-log" form={form} onChange={setForm} />
          <ExportList log="error-log" />
        </>
      }
      error={list.error}
      ownScroll={!nothing}
      beside={chosen && <ErrorEntryDetails entry={chosen} ways={ways} onClose={close} />}
    >
      {nothing ? <EmptyState icon="shieldCheck" title={text('errors.empty')} remedy={text('errors.empty-remedy')} /> : <LogGrid ref={grid} label={text('errors.title')} columns={columns} list={list} chosen={chosen?.id ?? null} onChoose={setChosen} />}
    </ListPage>
  );
}

/** An entry in the words of the catalogue. */
function useWords(): (entry: ErrorLogEntry) => ReturnType<typeof errorText> {
  const translator = useTranslator();
  return (entry) => {
    const args = Object.fromEntries(Object.entries(entry.facts).filter((fact): fact is [string, string | number] => typeof fact[1] === 'string' || typeof fact[1] === 'number'));
    return errorText(translator, entry.code, entry.gatewayName === null ? args : { gateway: entry.gatewayName, ...args });
  };
}

function useColumns(): readonly LogColumn<ErrorLogEntry>[] {
  const text = useText();
  const formats = useFormats();
  const wordsOf = useWords();
  return [
    { id: 'time', label: text('common.time'), width: '200px', stacked: 'line', cell: (entry) => <span className="tabular">{formats.instant(entry.at)}</span> },
    { id: 'what', label: text('errors.what'), width: 'minmax(180px, 3fr)', stacked: 'below', cell: (entry) => <span title={wordsOf(entry).message}>{wordsOf(entry).message}</span> },
    { id: 'code', label: text('errors.code'), width: 'minmax(120px, 1fr)', wideOnly: true, cell: (entry) => <code>{codeOf(entry)}</code> },
    { id: 'leg', label: text('errors.leg'), width: '70px', stacked: 'line', cell: (entry) => <span title={wordsOf(entry).legName}>{/^L\d$/.test(entry.leg) ? entry.leg : wordsOf(entry).legName}</span> },
    { id: 'actor', label: text('common.who-acts'), width: 'minmax(90px, 1fr)', wideOnly: true, cell: (entry) => wordsOf(entry).actorName },
    { id: 'facts', label: text('audit.facts'), width: 'minmax(100px, 1.2fr)', wideOnly: true, cell: (entry) => <span className="log-facts">{factsLine(entry.facts)}</span> },
    { id: 'reference', label: text('common.reference'), width: '135px', cell: (entry) => <span className="mono">{entry.reference}</span> },
  ];
}

/** A code that this version does not know is shown as what it is treated as. */
function codeOf({ code }: ErrorLogEntry): string {
  return knownErrorCode(code) === code ? code : `internal (${code})`;
}

function ErrorEntryDetails({ entry, ways, onClose }: { readonly entry: ErrorLogEntry; readonly ways: WaysOn; readonly onClose: () => void }) {
  const text = useText();
  const formats = useFormats();
  const words = useWords()(entry);
  const { reference } = entry;
  return (
    <LogEntryDetails
      title={codeOf(entry)}
      facts={entry.facts}
      onClose={onClose}
      actions={reference !== null && <WayButtons ways={ways} reference={reference} but="errors" />}
      head={
        <>
          <dt>{text('common.time')}</dt>
          <dd>{formats.instant(entry.at)}</dd>
          <dt>{text('errors.what')}</dt>
          <dd>{words.message}</dd>
          <dt>{text('common.what-to-do')}</dt>
          <dd>{words.remedy}</dd>
          <dt>{text('common.who-acts')}</dt>
          <dd>{words.actorName}</dd>
          <dt>{text('errors.leg')}</dt>
          <dd>{words.legName}</dd>
          <dt>{text('common.gateway')}</dt>
          <dd>{entry.gatewayName ?? text('common.none')}</dd>
          <dt>{text('common.reference')}</dt>
          <dd>{reference === null ? text('common.none') : <ReferenceButton reference={reference} />}</dd>
        </>
      }
    />
  );
}
