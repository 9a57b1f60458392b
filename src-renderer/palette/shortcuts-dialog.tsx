import { actions, type MenuName } from '../../shared/actions/actions.ts';
import { keyText } from '../../shared/actions/key-text.ts';
import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { InterfaceKey } from '../../shared/languages/translate.ts';
import { Dialog } from '../controls/dialog.tsx';
import { useText } from '../language/use-text.ts';
import { isMac } from './is-mac.ts';

type Label = Extract<InterfaceKey, `shortcuts.${string}` | `terminal.${string}` | `menu.${string}`>;
/** Labels that take no arguments. */
type PlainLabel = Exclude<Label, 'terminal.label' | 'terminal.find-count' | 'terminal.paste-title' | 'terminal.paste-more'>;

interface ShortcutLine {
  readonly label: PlainLabel;
  readonly other: string;
  readonly mac: string;
}

const line = (label: PlainLabel, other: string, mac = other): ShortcutLine => ({ label, other, mac });

/** Keys that pages take by themselves, beside those of the menus. */
const listKeys: readonly ShortcutLine[] = [
  line('menu.search-resources', '/'),
  line('shortcuts.move', '↑ ↓'),
  line('shortcuts.connect', 'Enter'),
  line('shortcuts.details', 'Space'),
  line('shortcuts.favourite', 'F'),
  line('shortcuts.back', 'Esc'),
  line('shortcuts.this-list', '?'),
];
/** As `src-renderer/terminal/shortcuts.ts` reads them. */
const terminalKeys: readonly ShortcutLine[] = [
  line('terminal.copy', 'Ctrl+Shift+C', 'Cmd+C'),
  line('terminal.paste', 'Ctrl+Shift+V', 'Cmd+V'),
  line('terminal.find', 'Ctrl+Shift+F', 'Cmd+F'),
  line('terminal.font-larger', 'Ctrl+Shift+=', 'Cmd+='),
  line('terminal.font-smaller', 'Ctrl+Shift+-', 'Cmd+-'),
  line('shortcuts.leave', 'Ctrl+Shift+M', 'Cmd+M'),
];

const menuNames = { file: 'menu.file', edit: 'menu.edit', view: 'menu.view', session: 'menu.session', window: 'menu.window', help: 'menu.help' } as const satisfies Record<MenuName, InterfaceKey>;

/** All keys of a window, by the menus that have them, and of what is in it. */
export function ShortcutsDialog({ role, onClose }: { readonly role: WindowRole; readonly onClose: () => void }) {
  const text = useText();
  const mac = isMac();
  const shown = actions.filter((action) => action.windows.includes(role) && action.keys !== undefined && action.when === undefined);
  const menus = [...new Set(shown.map(({ menu }) => menu))].map((menu) => ({
    title: text(menuNames[menu]),
    lines: shown.filter((action) => action.menu === menu).map(({ id, label, keys }) => ({ id, label: text(label), keys: keyText((mac ? keys?.mac : keys?.other) ?? '', mac) })),
  }));
  const own = (title: string, lines: readonly ShortcutLine[]) => ({ title, lines: lines.map((one) => ({ id: one.label, label: text(one.label), keys: keyText(mac ? one.mac : one.other, mac) })) });
  const groups = [...menus, ...(role === 'main' ? [own(text('shortcuts.list'), listKeys)] : []), ...(role === 'diagnosis' ? [] : [own(text('shortcuts.terminal'), terminalKeys)])];
  return (
    <Dialog
      title={text('shortcuts.title')}
      onClose={onClose}
      actions={
        <button type="button" className="button button-primary" onClick={onClose}>
          {text('common.close')}
        </button>
      }
    >
      <div className="shortcuts scroll" tabIndex={0} role="region" aria-label={text('shortcuts.title')}>
        {groups.map(({ title, lines }) => (
          <section key={title} className="shortcuts-group">
            <h3>{title}</h3>
            <dl>
              {lines.map(({ id, label, keys }) => (
                <div key={id} className="shortcuts-line">
                  <dt>{label}</dt>
                  <dd>
                    <kbd className="kbd">{keys}</kbd>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
