import type { ActionLabel } from '../../shared/actions/actions.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { IconName } from '../controls/icon.tsx';

/** The pages of the main window, in the order of the menu. `roles` is who the service lets read them; undefined is everyone. `under` is the page from which one comes to them, where the menu at the side has them not. */
export const pages = [
  { id: 'resources', icon: 'server', label: 'nav.resources', action: 'view.resources' },
  { id: 'sessions', icon: 'windows', label: 'nav.sessions', action: 'view.sessions' },
  { id: 'recordings', icon: 'record', label: 'nav.recordings', action: 'view.recordings', roles: ['admin', 'auditor'] },
  { id: 'audit', icon: 'audit', label: 'nav.audit', action: 'view.audit', roles: ['admin', 'auditor'] },
  { id: 'errors', icon: 'warning', label: 'nav.errors', action: 'view.errors', roles: ['admin', 'operator', 'auditor'] },
  { id: 'gateways', icon: 'gateway', label: 'nav.gateways', action: 'view.gateways', roles: ['admin', 'operator', 'auditor'] },
  { id: 'users', icon: 'user', label: 'nav.users', action: 'view.users', roles: ['admin', 'operator', 'auditor'] },
  { id: 'rules', icon: 'shield', label: 'nav.rules', action: 'view.rules', roles: ['admin', 'operator', 'auditor'] },
  { id: 'credentials', icon: 'key', label: 'nav.credentials', action: 'view.credentials', roles: ['admin'] },
  { id: 'diagnostics', icon: 'online', label: 'nav.diagnostics', action: 'view.diagnostics' },
  { id: 'reports', icon: 'audit', label: 'diagnostics.reports', action: 'view.reports', roles: ['admin', 'operator', 'auditor'], under: 'diagnostics' },
  { id: 'own-log', icon: 'file', label: 'own-log.title', action: 'view.own-log', under: 'diagnostics' },
  { id: 'settings', icon: 'settings', label: 'nav.settings', action: 'view.settings' },
] as const satisfies readonly { id: string; icon: IconName; label: ActionLabel; action: `view.${string}`; roles?: readonly Role[]; under?: 'diagnostics' }[];

export type PageId = (typeof pages)[number]['id'];

/** The pages that a role may open. */
export function pagesFor(role: Role) {
  return pages.filter((page) => !('roles' in page) || page.roles.some((allowed) => allowed === role));
}

/** The page of the menu at the side that a page belongs to: itself, or the one from which one comes to it. */
export function menuPageOf(id: PageId): PageId {
  const page = pages.find((one) => one.id === id);
  return page !== undefined && 'under' in page ? page.under : id;
}

/** The pages that the menu at the side has. */
export const menuPages = pages.filter(({ id }) => menuPageOf(id) === id);

/** Where the main window is: a page, and for the logs the reference to show first. */
export interface Place {
  readonly page: PageId;
  readonly reference: string | null;
}
