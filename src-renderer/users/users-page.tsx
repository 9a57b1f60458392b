import { useCallback, useState } from 'react';
import type { User } from '../../shared/api/users.ts';
import { EmptyState } from '../controls/empty-state.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { ItemTable, type TableColumns } from '../controls/item-table.tsx';
import { ListFoot } from '../controls/list-foot.tsx';
import { AddButton, ListPage, PageSearch } from '../controls/list-page.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { usePaged } from '../mavis/use-paged.ts';
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
  const load = useCallback(
    (cursor: string | undefined) => mavis.service.userList({ params: {}, query: { limit: PAGE_LIMIT, ...(search.trim() === '' ? {} : { search: search.trim() }), ...(cursor === undefined ? {} : { cursor }) }, body: {} }),
    [mavis, search],
  );
  const list = usePaged(load, { changes: useFed('changes', (state) => state.users) ?? 0 });
  const chosen = list.items.find(({ id }) => id === chosenId);
  return (
    <ListPage
      title={text('users.title')}
      tools={
        <>
          <PageSearch label={text('users.search')} value={search} onChange={setSearch} />
          {mayAdd && <AddButton label={text('users.add')} onAdd={() => setAdding(true)} />}
        </>
      }
      error={list.error}
      beside={chosen && <UserDetails key={chosen.id} user={chosen} onClose={() => setChosenId(null)} onChanged={list.refresh} />}
      over={
        adding && (
          <UserForm
            onClose={() => setAdding(false)}
            onAdded={(user) => {
              setChosenId(user.id);
              list.reload();
            }}
          />
        )
      }
    >
      {list.items.length > 0 && <UserTable items={list.items} chosenId={chosenId} onChoose={setChosenId} />}
      {list.items.length === 0 && list.status === 'ready' && <EmptyState icon="user" title={text('users.empty')} remedy={text('users.empty-remedy')} />}
      <ListFoot list={list} />
    </ListPage>
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

/** An account that expires or is unlocked while one looks is shown so after this at the latest. */
const JUDGE_EVERY_MS = 15_000;

/** How an account stands, as a badge. */
export function StandingBadge({ user }: { readonly user: User }) {
  const text = useText();
  const standing = accountStanding(user, useNow(JUDGE_EVERY_MS));
  return (
    <span className={looks[standing].className}>
      <Icon name={looks[standing].icon} />
      {text(`users.standing-${standing}`)}
    </span>
  );
}

interface UserTableProps {
  readonly items: readonly User[];
  readonly chosenId: string | null;
  readonly onChoose: (id: string) => void;
}

function UserTable(props: UserTableProps) {
  return <ItemTable items={props.items} columns={useColumns(props)} choice={{ chosen: props.chosenId, onChoose: ({ id }) => props.onChoose(id) }} />;
}

function useColumns({ chosenId, onChoose }: Omit<UserTableProps, 'items'>): TableColumns<User> {
  const text = useText();
  const formats = useFormats();
  return [
    {
      id: 'name',
      label: text('users.name'),
      cell: ({ id, name }) => (
        <button type="button" className="link-button" aria-pressed={id === chosenId} onClick={() => onChoose(id)}>
          {name}
        </button>
      ),
    },
    { id: 'display-name', label: text('users.display-name'), cell: ({ displayName }) => displayName },
    { id: 'role', label: text('users.role'), cell: ({ role }) => text(`role.${role}`) },
    { id: 'state', label: text('common.state'), cell: (user) => <StandingBadge user={user} /> },
    { id: 'expires', label: text('users.expires'), wideOnly: true, tabular: true, cell: ({ expiresAt }) => (expiresAt === null ? '—' : formats.dateTime(expiresAt)) },
    { id: 'last-sign-in', label: text('users.last-sign-in'), wideOnly: true, tabular: true, cell: ({ lastSignInAt }) => (lastSignInAt === null ? '—' : formats.dateTime(lastSignInAt)) },
  ];
}
