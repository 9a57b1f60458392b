import { useState } from 'react';
import type { Credential } from '../../shared/api/credentials.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ItemTable, type TableColumns } from '../controls/item-table.tsx';
import { AddButton, ListPage, PageSearch } from '../controls/list-page.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { CredentialDetails } from './credential-details.tsx';
import { CredentialForm } from './credential-form.tsx';
import { useCredentials } from './use-credentials.ts';

/** Credentials with which Gateways sign on to targets: added, renamed, given another secret, removed. None of their secrets comes here. */
export function CredentialsPage() {
  const text = useText();
  const list = useCredentials();
  const [search, setSearch] = useState('');
  const [chosenId, setChosenId] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const all = list.value?.items ?? [];
  const items = matching(all, search);
  const chosen = all.find(({ id }) => id === chosenId);
  return (
    <ListPage
      title={text('credentials.title')}
      tools={
        <>
          <PageSearch label={text('credentials.search')} value={search} onChange={setSearch} />
          <AddButton label={text('credentials.add')} onAdd={() => setAdding(true)} />
        </>
      }
      error={list.error}
      beside={chosen && <CredentialDetails key={chosen.id} credential={chosen} onClose={() => setChosenId(null)} onChanged={list.reload} />}
      over={
        adding && (
          <CredentialForm
            replaced={null}
            onClose={() => setAdding(false)}
            onSaved={({ id }) => {
              setAdding(false);
              setChosenId(id);
              list.reload();
            }}
          />
        )
      }
    >
      {list.value === undefined && list.error === null && (
        <p className="page-foot" role="status">
          <span className="spinner" />
          {text('common.loading')}
        </p>
      )}
      {items.length > 0 && <CredentialTable items={items} chosenId={chosenId} onChoose={setChosenId} />}
      {list.value && items.length === 0 && (all.length === 0 ? <EmptyState icon="key" title={text('credentials.empty')} remedy={text('credentials.empty-remedy')} /> : <EmptyState icon="search" title={text('credentials.none-matches')} remedy={text('users.empty-remedy')} />)}
    </ListPage>
  );
}

/** Those in whose name or user name the text stands, whatever its case. */
export function matching(items: readonly Credential[], search: string): readonly Credential[] {
  const wanted = search.trim().toLowerCase();
  return wanted === '' ? items : items.filter(({ name, userName }) => name.toLowerCase().includes(wanted) || userName.toLowerCase().includes(wanted));
}

interface CredentialTableProps {
  readonly items: readonly Credential[];
  readonly chosenId: string | null;
  readonly onChoose: (id: string) => void;
}

function CredentialTable(props: CredentialTableProps) {
  return <ItemTable items={props.items} columns={useColumns(props)} choice={{ chosen: props.chosenId, onChoose: ({ id }) => props.onChoose(id) }} />;
}

function useColumns({ chosenId, onChoose }: Omit<CredentialTableProps, 'items'>): TableColumns<Credential> {
  const text = useText();
  const formats = useFormats();
  return [
    {
      id: 'name',
      label: text('credentials.name'),
      cell: ({ id, name }) => (
        <button type="button" className="link-button" aria-pressed={id === chosenId} onClick={() => onChoose(id)}>
          {name}
        </button>
      ),
    },
    { id: 'kind', label: text('credentials.kind'), cell: ({ kind }) => text(`credentials.kind-${kind}`) },
    { id: 'user-name', label: text('credentials.user-name'), mono: true, cell: ({ userName }) => userName },
    { id: 'resources', label: text('credentials.resources'), tabular: true, cell: ({ resources }) => formats.number(resources) },
    { id: 'created', label: text('credentials.created'), wideOnly: true, tabular: true, cell: ({ createdAt }) => formats.dateTime(createdAt) },
    { id: 'updated', label: text('credentials.updated'), wideOnly: true, tabular: true, cell: ({ updatedAt }) => formats.dateTime(updatedAt) },
  ];
}
