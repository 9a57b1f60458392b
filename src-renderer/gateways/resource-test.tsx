import { useEffect, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { Field } from '../controls/field.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { ConnectionTestPanel } from '../resources/connection-test-panel.tsx';

/** Resources offered: as many as one looks through. */
const OFFERED = 20;
/** Waits so long after the last letter. */
const SETTLE_MS = 180;

/** Chooses a resource and tries the way to it through one gateway. */
export function ResourceTest({ gatewayId }: { readonly gatewayId: Gateway['id'] }) {
  const { mavis } = useParts();
  const text = useText();
  const [words, setWords] = useState('');
  const [found, setFound] = useState<{ readonly rows: readonly ResourceRow[]; readonly of: string } | null>(null);
  const [chosen, setChosen] = useState<ResourceRow['id'] | null>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(async () => {
      const answer = await ask(mavis.resources.query({ filter: words, sort: 'name', offset: 0, limit: OFFERED, only: 'all' }));
      if (current) setFound((before) => ({ rows: answer.ok && !answer.value.filterProblem ? answer.value.rows : (before?.rows ?? []), of: words }));
    }, SETTLE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [mavis, words]);
  const rows = found?.rows;
  const row = rows?.find(({ id }) => id === chosen) ?? rows?.[0];
  return (
    <>
      <div className="resource-test">
        <Field label={text('common.search')} hint={text('setup.test-resource-hint')}>
          {(ties) => <input {...ties} className="input" type="search" value={words} maxLength={200} spellCheck={false} onChange={(event) => setWords(event.target.value)} />}
        </Field>
        <Field label={text('setup.test-resource')}>
          {(ties) => (
            <select {...ties} className="input" value={row?.id ?? ''} onChange={(event) => setChosen(rows?.find(({ id }) => id === event.target.value)?.id ?? null)}>
              {(rows ?? []).map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {rows?.length === 0 && <p role="status">{text('setup.test-none')}</p>}
      {row && <ConnectionTestPanel key={row.id} row={row} gatewayId={gatewayId} choosing={found?.of !== words} />}
    </>
  );
}
