import { useCallback, useState } from 'react';
import type { AccessRule } from '../../shared/api/access-rules.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { EmptyState } from '../controls/empty-state.tsx';
import { Icon } from '../controls/icon.tsx';
import { ItemTable, type TableColumns } from '../controls/item-table.tsx';
import { AddButton, ListPage } from '../controls/list-page.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { AccessTrialPanel } from './access-trial.tsx';
import { allUsers } from './all-users.ts';
import { RuleForm } from './rule-form.tsx';

/** The access rules in the order in which they are asked, each changed or removed, and tried for a user and a resource. */
export function AccessRulesPage() {
  const { mavis } = useParts();
  const text = useText();
  const mayChange = useFed('account', (state) => state.status === 'signed-in' && state.user.role === 'admin') === true;
  const load = useCallback(() => mavis.service.accessRuleList({ params: {}, query: {}, body: {} }), [mavis]);
  const rules = useFresh(load, useFed('changes', (state) => state['access-rules']) ?? 0);
  const users = useFresh(useCallback(() => allUsers(mavis), [mavis]), useFed('changes', (state) => state.users) ?? 0);
  const [editing, setEditing] = useState<AccessRule | 'new' | null>(null);
  const [removing, setRemoving] = useState<AccessRule | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const names = new Map((users.value?.items ?? []).map(({ id, name }) => [id as string, name]));
  const items = rules.value?.items ?? [];
  const remove = async (rule: AccessRule) => {
    setRemoving(null);
    const answer = await ask(mavis.service.accessRuleRemove({ params: { accessRuleId: rule.id }, query: {}, body: {} }));
    setFailure(answer.ok ? null : answer.error);
    rules.reload();
  };
  return (
    <ListPage
      title={text('rules.title')}
      tools={mayChange && <AddButton label={text('rules.add')} onAdd={() => setEditing('new')} />}
      error={rules.error ?? failure}
      over={
        <>
          {editing && (
            <RuleForm
              rule={editing === 'new' ? null : editing}
              users={users.value?.items ?? []}
              onClose={() => setEditing(null)}
              onSaved={() => {
                setEditing(null);
                rules.reload();
              }}
            />
          )}
          {removing && <RemoveDialog rule={removing} onClose={() => setRemoving(null)} onRemove={() => void remove(removing)} />}
        </>
      }
    >
      <AccessTrialPanel users={[...names.values()]} />
      {rules.value && items.length === 0 && <EmptyState icon="shield" title={text('rules.empty')} remedy={text('rules.empty-remedy')} />}
      {items.length > 0 && <RuleTable items={items} names={names} onEdit={mayChange ? setEditing : null} onRemove={mayChange ? setRemoving : null} />}
    </ListPage>
  );
}

function RemoveDialog({ rule, onClose, onRemove }: { readonly rule: AccessRule; readonly onClose: () => void; readonly onRemove: () => void }) {
  const text = useText();
  return (
    <Dialog
      title={text('rules.remove', { name: rule.name })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {text('common.cancel')}
          </button>
          <button type="button" className="button button-danger" onClick={onRemove}>
            {text('rules.remove-short')}
          </button>
        </>
      }
    >
      <p>{text('rules.remove-body')}</p>
    </Dialog>
  );
}

interface RuleTableProps {
  readonly items: readonly AccessRule[];
  readonly names: ReadonlyMap<string, string>;
  readonly onEdit: ((rule: AccessRule) => void) | null;
  readonly onRemove: ((rule: AccessRule) => void) | null;
}

function RuleTable(props: RuleTableProps) {
  return <ItemTable items={props.items} columns={useColumns(props)} />;
}

function useColumns({ names, onEdit, onRemove }: Omit<RuleTableProps, 'items'>): TableColumns<AccessRule> {
  const text = useText();
  return [
    { id: 'name', label: text('rules.name'), cell: (rule) => <RuleName {...rule} /> },
    { id: 'subject', label: text('rules.subject'), cell: ({ subject }) => (subject.kind === 'role' ? text(`role.${subject.role}`) : (names.get(subject.userId) ?? text('common.unknown'))) },
    { id: 'filter', label: text('rules.filter'), mono: true, cell: ({ filter }) => (filter === '' ? text('rules.every-resource') : filter) },
    { id: 'protocols', label: text('common.protocol'), cell: ({ protocols }) => protocols.map((protocol) => text(`protocol.${protocol}`)).join(' ') },
    { id: 'sign-on', label: text('rules.sign-on'), wideOnly: true, cell: ({ signOn }) => text(`rules.sign-on-${signOn}`) },
    { id: 'windows', label: text('rules.windows'), wideOnly: true, cell: ({ windows }) => (windows.length === 0 ? text('rules.always') : <RuleHours windows={windows} />) },
    onEdit && {
      id: 'actions',
      label: text('rules.edit-short'),
      actions: true,
      cell: (rule) => (
        <>
          <button type="button" className="button button-small" aria-label={text('rules.edit', { name: rule.name })} onClick={() => onEdit(rule)}>
            <Icon name="edit" />
            {text('rules.edit-short')}
          </button>
          <button type="button" className="button button-small" aria-label={text('rules.remove', { name: rule.name })} onClick={() => onRemove?.(rule)}>
            <Icon name="trash" />
            {text('rules.remove-short')}
          </button>
        </>
      ),
    },
  ];
}

/** Hours and time zone of each window, one below the other where the column is narrow. */
function RuleHours({ windows }: Pick<AccessRule, 'windows'>) {
  return windows.map(({ from, until, timeZone }, place) => (
    <span key={place} className="rule-hours">
      {from}–{until} {timeZone}
    </span>
  ));
}

/** The rule's name and, where whom it speaks of goes that way whatever the switch says, that it is Tunnel always (S31, S33). */
function RuleName({ name, tunnel, subject }: Pick<AccessRule, 'name' | 'tunnel' | 'subject'>) {
  const text = useText();
  const always = tunnel === 'always' || (subject.kind === 'role' && subject.role === 'vendor');
  return (
    <>
      <strong>{name}</strong>
      {always && (
        <>
          {' '}
          <span className="badge tunnel-mark" title={text('rules.tunnel-always')}>
            {text('rules.tunnel-row')}
          </span>
        </>
      )}
    </>
  );
}
