import { useCallback, useState } from 'react';
import type { AccessRule } from '../../shared/api/access-rules.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { AccessTrialPanel } from './access-trial.tsx';
import { RuleForm } from './rule-form.tsx';

/** The access rules in the order in which they are asked, each changed or removed, and tried for a user and a resource. */
export function AccessRulesPage() {
  const { mavis } = useParts();
  const text = useText();
  const mayChange = useFed('account', (state) => state.status === 'signed-in' && state.user.role === 'admin') === true;
  const load = useCallback(() => mavis.service.accessRuleList({ params: {}, query: {}, body: {} }), [mavis]);
  const rules = useFresh(load, useFed('changes', (state) => state['access-rules']) ?? 0);
  const users = useFresh(useCallback(() => mavis.service.userList({ params: {}, query: { limit: 1000 }, body: {} }), [mavis]), useFed('changes', (state) => state.users) ?? 0);
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
    <div className="page">
      <header className="page-head">
        <h1>{text('rules.title')}</h1>
        {mayChange && (
          <button type="button" className="button button-primary" onClick={() => setEditing('new')}>
            <Icon name="plus" />
            {text('rules.add')}
          </button>
        )}
      </header>
      {(rules.error ?? failure) && (
        <div className="page-notice">
          <ErrorNotice error={rules.error ?? failure ?? { code: 'internal', args: {}, reference: null }} />
        </div>
      )}
      <div className="page-body scroll" tabIndex={0} role="region" aria-label={text('rules.title')}>
        <AccessTrialPanel users={[...names.values()]} />
        {rules.value && items.length === 0 && <EmptyState icon="shield" title={text('rules.empty')} remedy={text('rules.empty-remedy')} />}
        {items.length > 0 && <RuleTable items={items} names={names} onEdit={mayChange ? setEditing : null} onRemove={mayChange ? setRemoving : null} />}
      </div>
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
      {removing && (
        <Dialog
          title={text('rules.remove', { name: removing.name })}
          onClose={() => setRemoving(null)}
          actions={
            <>
              <button type="button" className="button" onClick={() => setRemoving(null)}>
                {text('common.cancel')}
              </button>
              <button type="button" className="button button-danger" onClick={() => void remove(removing)}>
                {text('rules.remove-short')}
              </button>
            </>
          }
        >
          <p>{text('rules.remove-body')}</p>
        </Dialog>
      )}
    </div>
  );
}

interface RuleTableProps {
  readonly items: readonly AccessRule[];
  readonly names: ReadonlyMap<string, string>;
  readonly onEdit: ((rule: AccessRule) => void) | null;
  readonly onRemove: ((rule: AccessRule) => void) | null;
}

function RuleTable({ items, names, onEdit, onRemove }: RuleTableProps) {
  const text = useText();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{text('rules.name')}</th>
          <th scope="col">{text('rules.subject')}</th>
          <th scope="col">{text('rules.filter')}</th>
          <th scope="col">{text('common.protocol')}</th>
          <th scope="col" className="wide-only">
            {text('rules.sign-on')}
          </th>
          <th scope="col" className="wide-only">
            {text('rules.windows')}
          </th>
          {onEdit && (
            <th scope="col" className="row-actions">
              <span className="visually-hidden">{text('rules.edit-short')}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {items.map((rule) => (
          <tr key={rule.id}>
            <td>
              <strong>{rule.name}</strong>
            </td>
            <td>{rule.subject.kind === 'role' ? text(`role.${rule.subject.role}`) : (names.get(rule.subject.userId) ?? text('common.unknown'))}</td>
            <td className="mono">{rule.filter === '' ? text('rules.every-resource') : rule.filter}</td>
            <td>{rule.protocols.map((protocol) => text(`protocol.${protocol}`)).join(' ')}</td>
            <td className="wide-only">{text(`rules.sign-on-${rule.signOn}`)}</td>
            <td className="wide-only">{rule.windows.length === 0 ? text('rules.always') : rule.windows.map(({ from, until, timeZone }) => `${from}–${until} ${timeZone}`).join(', ')}</td>
            {onEdit && (
              <td className="row-actions">
                <button type="button" className="button button-small" aria-label={text('rules.edit', { name: rule.name })} onClick={() => onEdit(rule)}>
                  <Icon name="edit" />
                  {text('rules.edit-short')}
                </button>
                <button type="button" className="button button-small" aria-label={text('rules.remove', { name: rule.name })} onClick={() => onRemove?.(rule)}>
                  <Icon name="trash" />
                  {text('rules.remove-short')}
                </button>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
