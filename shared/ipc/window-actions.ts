import { z } from 'zod';

/** What main may ask of a page (`events.onAction`): menu items, and the question before a live session's window closes. */
export const windowAction = z.enum([
  /** Session window: somebody closes the window of a live session; the page asks, then calls `sessions.end` and closes itself. */
  'session.ask-close',
  'terminal.find',
  'terminal.copy',
  'terminal.paste',
  'resources.search',
  'palette.open',
  'help.shortcuts',
  'view.resources',
  'view.sessions',
  'view.recordings',
  'view.audit',
  'view.errors',
  'view.gateways',
  'view.users',
  'view.rules',
  'view.credentials',
  'view.diagnostics',
  'view.settings',
  'view.own-log',
  'view.reports',
  'account.change-password',
]);
export type WindowAction = z.infer<typeof windowAction>;
