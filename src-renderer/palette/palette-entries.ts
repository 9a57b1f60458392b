import { actions } from '../../shared/actions/actions.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { type ClientSettings, language } from '../../shared/ipc/settings.ts';
import type { Session } from '../../shared/ipc/stores.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import type { IconName } from '../controls/icon.tsx';
import { pages, pagesFor } from '../frame/pages.ts';
import { ask, type Asked } from '../mavis/ask.ts';
import { languageNames } from '../sign-in/language-choice.tsx';

/** One line of the palette. */
export interface PaletteEntry {
  readonly id: string;
  readonly kind: 'command' | 'page' | 'session' | 'resource' | 'setting';
  readonly icon: IconName;
  readonly label: string;
  /** As Electron writes them. */
  readonly keys?: { readonly other: string; readonly mac: string };
  readonly run: () => Promise<Asked<unknown>>;
}

/** What entries are made of. */
export interface PaletteSource {
  readonly mavis: Pick<WindowApi, 'app' | 'sessions' | 'settings'>;
  readonly text: Translator['text'];
  readonly role: Role;
  readonly sessions: readonly Session[];
}

/** Everything of the palette but resources: pages and commands of the window's menu, the sessions that have a window, and settings of few choices. */
export function standingEntries({ mavis, text, role, sessions }: PaletteSource): PaletteEntry[] {
  const allowed = new Set<string>(pagesFor(role).map(({ action }) => action));
  const ofPage = new Map<string, IconName>(pages.map(({ action, icon }) => [action, icon]));
  const commands = actions
    .filter((action) => action.windows.includes('main') && action.palette !== false && action.when === undefined && (!ofPage.has(action.id) || allowed.has(action.id)))
    .map((action): PaletteEntry => ({
      id: action.id,
      kind: ofPage.has(action.id) ? 'page' : 'command',
      icon: ofPage.get(action.id) ?? 'keyboard',
      label: text(action.label),
      ...(action.keys === undefined ? {} : { keys: action.keys }),
      run: () => ask(mavis.app.runAction({ actionId: action.id })),
    }));
  const shown = sessions
    .filter(({ foreignClientId }) => foreignClientId === null)
    .map((session): PaletteEntry => ({
      id: `session.${session.id}`,
      kind: 'session',
      icon: 'windows',
      label: text('palette.show-session', { resource: session.resourceName, protocol: text(`protocol.${session.protocol}`) }),
      run: () => ask(mavis.sessions.show({ sessionId: session.id })),
    }));
  const set = (changes: Partial<ClientSettings>, id: string, label: string): PaletteEntry => ({ id, kind: 'setting', icon: 'settings', label, run: () => ask(mavis.settings.update({ changes })) });
  const choices = [
    ...(['system', 'light', 'dark', 'high-contrast'] as const).map((theme) => set({ theme }, `theme.${theme}`, text('palette.theme', { name: text(`settings.theme-${theme}`) }))),
    ...(['comfortable', 'compact'] as const).map((density) => set({ density }, `density.${density}`, text('palette.density', { name: text(`settings.density-${density}`) }))),
    ...language.options.map((option) => set({ language: option }, `language.${option}`, text('palette.language', { name: languageNames[option] }))),
  ];
  const ofKind = (kind: PaletteEntry['kind']) => commands.filter((entry) => entry.kind === kind);
  return [...shown, ...ofKind('page'), ...ofKind('command'), ...choices];
}

/** The ways to connect to resources that a search found: those that a rule gives the user. */
export function resourceEntries(rows: readonly ResourceRow[], { mavis, text }: Pick<PaletteSource, 'mavis' | 'text'>): PaletteEntry[] {
  return rows.flatMap(({ id, name, allowedProtocols }) =>
    allowedProtocols.map((protocol): PaletteEntry => ({
      id: `resource.${id}.${protocol}`,
      kind: 'resource',
      icon: 'server',
      label: text('resources.connect', { name, protocol: text(`protocol.${protocol}`) }),
      run: () => ask(mavis.sessions.connect({ resourceId: id, protocol })),
    })),
  );
}

/** The entries that hold every word, those first that begin with what was typed. */
export function matchingEntries(entries: readonly PaletteEntry[], typed: string): PaletteEntry[] {
  const wanted = plain(typed);
  const words = wanted.split(/\s+/).filter((word) => word !== '');
  const found = entries.map((entry) => ({ entry, label: plain(entry.label) })).filter(({ label }) => words.every((word) => label.includes(word)));
  const rank = ({ label }: { readonly label: string }): number => (label.startsWith(wanted) ? 0 : 1);
  return found.toSorted((one, other) => rank(one) - rank(other)).map(({ entry }) => entry);
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim();
}
