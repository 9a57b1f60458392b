import { useCallback, useState } from 'react';
import type { User } from '../../shared/api/users.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { ListFoot } from '../controls/list-foot.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { usePaged } from '../mavis/use-paged.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { UserDetails } from './user-details.tsx';
import { UserForm } from './user-form.tsx';

const PAGE_LIMIT = 100;

/** The users: found by name, added, and each with what the signed-in role may do. */
export function UsersPage() {
  const { mavis } = useParts();
  const text = useText();
  const mayAdd = useFed('account', (state) => state.status === 'signed-in' && state.user.role === 'admin') === true;
  const [search, setSearch] = useState('');
  const [chosenId, setChosenId] = useState<string | null>(null);
  const [adding, setAdding] = useState(false);
  const query = useCallback((cursor: string | undefined) => ({ limit: PAGE_LIMIT, ...(search.trim() === '' ? {} : { search: search.trim() }), ...(cursor === undefined ? {} : { cursor }) }), [search]);
  const load = useCallback((cursor: string | undefined) => mavis.service.userList({ params: {}, query: query(cursor), body: {} }), [mavis, query]);
  const list = usePaged(load);
  // The first page again at each change; what was loaded behind it stays as it was until it is asked for anew.
  const first = useFresh(useCallback(() => load(undefined), [load]), useFed('changes', (state) => state.users) ?? 0);
  const current = new Map((first.value?.items ?? []).map((user) => [user.id, user]));
  const known = new Set(list.items.map(({ id }) => id));
  const items = [...(first.value?.items ?? []).filter(({ id }) => !known.has(id)), ...list.items.map((user) => current.get(user.id) ?? user)];
  const chosen = items.find(({ id }) => id === chosenId);
  return (
    <div className="page">
      <header className="page-head">
        <h1>{text('users.title')}</h1>
        <div className="search-frame page-search" role="search">
          <Icon name="search" />
          <input type="search" className="search-input" value={search} maxLength={200} placeholder={text('users.search')} aria-label={text('users.search')} onChange={(event) => setSearch(event.target.value)} />
        </div>
        {mayAdd && (
          <button type="button" className="button button-primary" onClick={() => setAdding(true)}>
            <Icon name="plus" />
            {text('users.add')}
          </button>
        )}
      </header>
      {list.error && (
        <div className="page-notice">
          <ErrorNotice error={list.error} />
        </div>
      )}
      <div className="split">
        <div className="page-body scroll" tabIndex={0} role="region" aria-label={text('users.title')}>
          {items.length > 0 && <UserTable items={items} chosenId={chosenId} onChoose={setChosenId} />}
          {items.length === 0 && list.status === 'ready' && <EmptyState icon="user" title={text('users.empty')} remedy={text('users.empty-remedy')} />}
          <ListFoot list={list} />
        </div>
        {chosen && <UserDetails key={chosen.id} user={chosen} onClose={() => setChosenId(null)} onChanged={first.reload} />}
      </div>
      {adding && (
        <UserForm
          onClose={() => setAdding(false)}
          onAdded={(user) => {
            setChosenId(user.id);
            list.reload();
            first.reload();
          }}
        />
      )}
    </div>
  );
}

/** How an account stands: the first of these that holds. */
export function accountStanding(user: User, nowMs: number): 'disabled' | 'expired' | 'locked' | 'must-change' | 'active' {
  if (user.disabledAt !== null) return 'disabled';
  if (user.expiresAt !== null && Date.parse(user.expiresAt) <= nowMs) return 'expired';
  if (user.lockedUntil !== null && Date.parse(user.lockedUntil) > nowMs) return 'locked';
  return user.mustChangePassword ? 'must-change' : 'active';
}

const looks: Readonly<Record<ReturnType<typeof accountStanding>, { readonly icon: IconName; readonly className: string }>> = {
  disabled: { icon: 'stop', className: 'badge badge-bad' },
  expired: { icon: 'clock', className: 'badge badge-bad' },
  locked: { icon: 'key', className: 'badge badge-warn' },
  'must-change': { icon: 'key', className: 'badge badge-accent' },
  active: { icon: 'check', className: 'badge badge-good' },
};

/** How an account stands, as a badge. */
export function StandingBadge({ user }: { readonly user: User }) {
  const text = useText();
  const [nowMs] = useState(() => Date.now());
  const standing = accountStanding(user, nowMs);
  return (
    <span className={looks[standing].className}>
      <Icon name={looks[standing].icon} />
      {text(`users.standing-${standing}`)}
    </span>
  );
}

function UserTable({ items, chosenId, onChoose }: { readonly items: readonly User[]; readonly chosenId: string | null; readonly onChoose: (id: string) => void }) {
  const text = useText();
  const formats = useFormats();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{text('users.name')}</th>
          <th scope="col">{text('users.display-name')}</th>
          <th scope="col">{text('users.role')}</th>
          <th scope="col">{text('common.state')}</th>
          <th scope="col" className="wide-only">
            {text('users.expires')}
          </th>
          <th scope="col" className="wide-only">
            {text('users.last-sign-in')}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((user) => (
          <tr key={user.id} data-selected={user.id === chosenId} onClick={() => onChoose(user.id)}>
            <td>
              <button type="button" className="link-button" aria-pressed={user.id === chosenId} onClick={() => onChoose(user.id)}>
                {user.name}
              </button>
            </td>
            <td>{user.displayName}</td>
            <td>{text(`role.${user.role}`)}</td>
            <td>
              <StandingBadge user={user} />
            </td>
            <td className="wide-only tabular">{user.expiresAt === null ? '—' : formats.dateTime(user.expiresAt)}</td>
            <td className="wide-only tabular">{user.lastSignInAt === null ? '—' : formats.dateTime(user.lastSignInAt)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
