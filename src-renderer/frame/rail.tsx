import { useEffect, useId, useRef, useState } from 'react';
import type { User } from '../../shared/api/users.ts';
import { Icon } from '../controls/icon.tsx';
import { moveInMenu } from '../controls/menu-keys.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { menuPageOf, pages, pagesFor, type PageId } from './pages.ts';

interface RailProps {
  readonly page: PageId;
  readonly user: User;
  readonly onOpen: (page: PageId) => void;
  readonly onChangePassword: () => void;
}

/** The menu at the side: whose service this is, the pages that the role may open, and the account. */
export function Rail({ page, user, onOpen, onChangePassword }: RailProps) {
  const text = useText();
  const profile = useFed('profiles', (state) => state.items.find((item) => item.id === state.selected));
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const menuId = useId();
  const shown = pages.find(({ id }) => id === menuPageOf(page));
  const close = () => {
    setOpen(false);
    toggle.current?.focus();
  };
  const go = (id: PageId) => {
    if (open) close();
    onOpen(id);
  };
  const live = useFed('sessions', (state) => Object.values(state.items).filter((session) => session.phase.status === 'connected' || session.phase.status === 'connecting').length) ?? 0;
  return (
    <div className="rail" data-colour={profile?.colour ?? 'grey'}>
      <header className="rail-profile" title={profile?.serviceUrl}>
        <span className="profile-mark" />
        <span className="rail-label rail-profile-name ellipsis">{profile?.name ?? text('app.title')}</span>
      </header>
      {/* Of a narrow window the menu would take too much: there it opens over the page. */}
      <div className="rail-menu" data-open={open} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)} onKeyDown={(event) => event.key === 'Escape' && open && close()}>
        <button ref={toggle} type="button" className="rail-item rail-toggle" aria-expanded={open} aria-controls={menuId} onClick={() => setOpen(!open)}>
          <Icon name="list" />
          <span className="visually-hidden">{text('nav.label')}: </span>
          <span className="ellipsis">{shown && text(shown.label)}</span>
        </button>
        <nav id={menuId} aria-label={text('nav.label')} className="rail-nav">
          <ul>
            {pagesFor(user.role).filter(({ id }) => menuPageOf(id) === id).map((item) => (
              <li key={item.id}>
                <button type="button" className="rail-item" aria-current={item.id === menuPageOf(page) ? 'page' : undefined} title={text(item.label)} onClick={() => go(item.id)}>
                  <Icon name={item.icon} />
                  <span className="rail-label">{text(item.label)}</span>
                  {item.id === 'sessions' && live > 0 && <span className="rail-count tabular">{live}</span>}
                </button>
              </li>
            ))}
          </ul>
        </nav>
      </div>
      <AccountMenu user={user} onChangePassword={onChangePassword} />
    </div>
  );
}

function AccountMenu({ user, onChangePassword }: { readonly user: User; readonly onChangePassword: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const [open, setOpen] = useState(false);
  const menuId = useId();
  const menu = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (open) menu.current?.querySelector('button')?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <section className="account" aria-label={text('account.menu', { name: user.displayName })} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}>
      {open && (
        <div ref={menu} id={menuId} className="menu" role="menu" aria-label={text('account.menu', { name: user.displayName })} onKeyDown={(event) => moveInMenu(event, close)}>
          <div className="menu-head" role="presentation">
            <strong className="ellipsis">{user.displayName}</strong>
            <span>{text(`role.${user.role}`)}</span>
            {user.expiresAt !== null && <span>{text('account.expires', { when: formats.dateTime(user.expiresAt) })}</span>}
          </div>
          <button type="button" role="menuitem" className="menu-item" onClick={onChangePassword}>
            <Icon name="key" />
            {text('account.change-password')}
          </button>
          <button type="button" role="menuitem" className="menu-item" onClick={() => void ask(mavis.account.signOut({}))}>
            <Icon name="signOut" />
            {text('account.sign-out')}
          </button>
        </div>
      )}
      <button ref={button} type="button" className="rail-item" aria-haspopup="menu" aria-expanded={open} aria-controls={open ? menuId : undefined} title={text('account.menu', { name: user.displayName })} onClick={() => setOpen(!open)}>
        <Icon name="user" />
        <span className="rail-label rail-account">
          <span className="ellipsis">{user.displayName}</span>
          <span className="rail-role ellipsis">{text(`role.${user.role}`)}</span>
        </span>
      </button>
    </section>
  );
}
