import { type KeyboardEvent, type RefObject, useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import { keyText } from '../../shared/actions/key-text.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { isMac } from './is-mac.ts';
import { matchingEntries, type PaletteEntry, resourceEntries, standingEntries } from './palette-entries.ts';

/** More lines are not read but searched. */
const MOST_SHOWN = 60;
/** Resources that a search brings; each has a line for each of its protocols. */
const MOST_RESOURCES = 8;
/** How far a key moves; as many lines as the list shows are a page. */
const steps: ReadonlyMap<string, number> = new Map([['ArrowDown', 1], ['ArrowUp', -1], ['PageDown', 8], ['PageUp', -8]]);

interface CommandPaletteProps {
  readonly role: Role;
  readonly onClose: () => void;
  /** What was run did not work; the palette is gone by then. */
  readonly onFailure: (error: ShownError) => void;
}

/** Everything that can be done, found by typing: a field that keeps the focus, and the list below it (the combobox pattern of ARIA). */
export function CommandPalette({ role, onClose, onFailure }: CommandPaletteProps) {
  const { mavis } = useParts();
  const text = useText();
  const sessions = useFed('sessions', (state) => state.items);
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();
  const dialog = useModal();
  const { rows, of, coming } = useResources(typed);
  const standing = useMemo(() => standingEntries({ mavis, text, role, sessions: Object.values(sessions ?? {}) }), [mavis, text, role, sessions]);
  const entriesWith = useCallback((found: readonly ResourceRow[]) => [...matchingEntries(standing, typed), ...resourceEntries(found, { mavis, text })].slice(0, MOST_SHOWN), [standing, typed, mavis, text]);
  const entries = useMemo(() => entriesWith(rows), [entriesWith, rows]);
  const chosen = Math.min(active, Math.max(0, entries.length - 1));
  useEffect(() => {
    document.getElementById(`${listId}-${String(chosen)}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen, listId]);

  const run = async (entry: PaletteEntry | undefined) => {
    if (!entry) return;
    // Closed first: what is run may want the focus, and opens nothing over the palette.
    onClose();
    const answer = await entry.run();
    if (!answer.ok) onFailure(answer.error);
  };
  /** Resources of the letters before still stand there until those of what is typed have come: Enter is meant for these. */
  const enter = async () => {
    const entry = entries[chosen];
    if (of === typed.trim() || (entry && entry.kind !== 'resource')) return run(entry);
    const found = await coming.current;
    return found && run(entriesWith(found)[chosen]);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = steps.get(event.key);
    if (step !== undefined) setActive(Math.max(0, Math.min(chosen + step, entries.length - 1)));
    else if (event.key === 'Enter') void enter();
    else return;
    event.preventDefault();
  };

  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label={text('palette.title')}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="palette-inner">
        <div className="palette-field">
          <Icon name="search" />
          <input
            className="palette-input"
            role="combobox"
            aria-label={text('palette.input')}
            placeholder={text('palette.input')}
            aria-expanded="true"
            aria-controls={listId}
            aria-autocomplete="list"
            aria-activedescendant={entries.length === 0 ? undefined : `${listId}-${String(chosen)}`}
            value={typed}
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
            onKeyDown={onKey}
            onChange={(event) => {
              setTyped(event.target.value);
              setActive(0);
            }}
          />
        </div>
        <ul id={listId} className="palette-list scroll" role="listbox" aria-label={text('palette.results')}>
          {entries.map((entry, index) => (
            <li key={entry.id} id={`${listId}-${String(index)}`} role="option" aria-selected={index === chosen} className="palette-entry" onPointerMove={() => setActive(index)} onClick={() => void run(entry)}>
              <Icon name={entry.icon} />
              <span className="ellipsis palette-label">{entry.label}</span>
              <span className="palette-kind">{text(`palette.kind-${entry.kind}`)}</span>
              {entry.keys && <kbd className="kbd">{keyText(isMac() ? entry.keys.mac : entry.keys.other, isMac())}</kbd>}
            </li>
          ))}
        </ul>
        {entries.length === 0 && <p className="palette-none">{text('palette.none')}</p>}
        <p className="palette-foot">
          <span>{text('palette.keys')}</span>
          <span role="status" className="tabular">
            {text('palette.count', { count: entries.length })}
          </span>
        </p>
      </div>
    </dialog>
  );
}

/** A modal dialog for as long as it is there; the focus comes back after. */
function useModal() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return dialog;
}

interface FoundResources {
  readonly rows: readonly ResourceRow[];
  /** The search that found them: an older one until the answer to what is typed now has come. */
  readonly of: string;
}

/** The first resources that a search finds; none for an empty one. An answer that was overtaken is dropped: `coming` is undefined then. */
function useResources(typed: string): FoundResources & { readonly coming: RefObject<Promise<readonly ResourceRow[] | undefined>> } {
  const { mavis } = useParts();
  const [found, setFound] = useState<FoundResources>({ rows: [], of: '' });
  const coming = useRef<Promise<readonly ResourceRow[] | undefined>>(Promise.resolve(undefined));
  useEffect(() => {
    let current = true;
    const filter = typed.trim();
    const find = async () => {
      const answer = filter === '' ? undefined : await ask(mavis.resources.query({ filter, sort: 'name', offset: 0, limit: MOST_RESOURCES, only: 'all' }));
      if (!current) return undefined;
      const rows = answer?.ok === true ? answer.value.rows : [];
      setFound({ rows, of: filter });
      return rows;
    };
    coming.current = find();
    return () => {
      current = false;
    };
  }, [mavis, typed]);
  return { ...found, coming };
}
