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
  /** The entry that was chosen, by its id: others come and go around it. Null until there is one for what was typed. */
  const [chosenId, setChosenId] = useState<string | null>(null);
  const listId = useId();
  const dialog = useModal();
  const { rows, coming } = useResources(typed);
  const standing = useMemo(() => standingEntries({ mavis, text, role, sessions: Object.values(sessions ?? {}) }), [mavis, text, role, sessions]);
  const entriesWith = useCallback((found: readonly ResourceRow[] = []) => [...matchingEntries(standing, typed), ...resourceEntries(found, { mavis, text })].slice(0, MOST_SHOWN), [standing, typed, mavis, text]);
  const entries = useMemo(() => entriesWith(rows), [entriesWith, rows]);
  const [first] = entries;
  if (chosenId === null && first) setChosenId(first.id);
  /** -1 where nothing is chosen, or what was chosen has gone: Enter does nothing then. */
  const chosen = entries.findIndex(({ id }) => id === chosenId);
  useEffect(() => {
    document.getElementById(`${listId}-${String(chosen)}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen, listId]);

  /** One entry is run and no more, also where several presses wait for the same resources. */
  const begun = useRef(false);
  const run = async (entry: PaletteEntry | undefined) => {
    if (!entry || begun.current) return;
    begun.current = true;
    // Closed first: what is run may want the focus, and opens nothing over the palette.
    onClose();
    const answer = await entry.run();
    if (!answer.ok) onFailure(answer.error);
  };
  /** Where nothing matches before the resources have come, Enter is meant for the first of them. */
  const enter = async () => {
    if (rows || chosenId !== null) return run(entries[chosen]);
    const found = await coming.current;
    return found && run(entriesWith(found)[0]);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = steps.get(event.key);
    if (step !== undefined) setChosenId(entries[Math.max(0, Math.min(chosen + step, entries.length - 1))]?.id ?? null);
    else if (event.key === 'Enter') {
      if (!event.repeat) void enter();
    }
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
            aria-activedescendant={chosen === -1 ? undefined : `${listId}-${String(chosen)}`}
            value={typed}
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
            onKeyDown={onKey}
            onChange={(event) => {
              setTyped(event.target.value);
              setChosenId(null);
            }}
          />
        </div>
        <ul id={listId} className="palette-list scroll" role="listbox" aria-label={text('palette.results')}>
          {entries.map((entry, index) => (
            <li key={entry.id} id={`${listId}-${String(index)}`} role="option" aria-selected={index === chosen} className="palette-entry" onPointerMove={() => setChosenId(entry.id)} onClick={() => void run(entry)}>
              <Icon name={entry.icon} />
              <span className="ellipsis palette-label">{entry.label}</span>
              <span className="palette-kind">{text(`palette.kind-${entry.kind}`)}</span>
              {entry.keys && <kbd className="kbd">{keyText(isMac() ? entry.keys.mac : entry.keys.other, isMac())}</kbd>}
            </li>
          ))}
        </ul>
        {rows && entries.length === 0 && <p className="palette-none">{text('palette.none')}</p>}
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
  /** Undefined until the answer to what is typed now has come. */
  readonly rows: readonly ResourceRow[] | undefined;
  /** The rows that will come; undefined where they were overtaken by what was typed further. */
  readonly coming: RefObject<Promise<readonly ResourceRow[] | undefined>>;
}

/** The first resources that a search finds; none for an empty one. What was found for other letters is none of them. */
function useResources(typed: string): FoundResources {
  const { mavis } = useParts();
  const [found, setFound] = useState<{ readonly rows: readonly ResourceRow[]; readonly of: string }>({ rows: [], of: '' });
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
  return { rows: found.of === typed.trim() ? found.rows : undefined, coming };
}
