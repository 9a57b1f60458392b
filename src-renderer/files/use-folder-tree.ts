import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ListedFile } from '../../shared/ipc/files-port.ts';

/** How a side's folders are named and listed; a folder's id is a path from the tree's root, its names parted by `/`, empty for the root itself. */
export interface TreeSource {
  readonly rootName: string;
  /** The names in a folder; null where it could not be listed. */
  readonly list: (id: string) => Promise<readonly ListedFile[] | null>;
}

/** One line of a tree that is drawn. */
export interface TreeLine {
  readonly id: string;
  readonly name: string;
  readonly depth: number;
  readonly open: boolean;
  /** Whether it is known that there is no folder in it. */
  readonly bare: boolean;
}

export interface FolderTree {
  readonly lines: readonly TreeLine[];
  readonly toggle: (id: string, open: boolean) => void;
}

/** More folders of one folder than that are not drawn: the list beside shows them all. */
const MOST_CHILDREN = 1000;

/**
 * The folders of a side as a tree, listed when they are opened. The way to the folder that is shown is open; its own folders are those
 * of the list, which is newer than anything that was listed for the tree. Hidden folders are left out, but on that way.
 */
export function useFolderTree(source: TreeSource, current: string, entries: readonly ListedFile[]): FolderTree {
  const [known, setKnown] = useState<ReadonlyMap<string, readonly string[]>>(new Map());
  const [opened, setOpened] = useState<ReadonlySet<string>>(() => new Set(aboveOf(current)));
  const [shown, setShown] = useState(current);
  if (shown !== current) {
    setShown(current);
    setOpened((before) => new Set([...before, ...aboveOf(current)]));
  }
  const asked = useRef(new Set<string>());
  const { list, rootName } = source;

  const load = useCallback(
    (id: string) => {
      if (asked.current.has(id)) return;
      asked.current.add(id);
      const take = (found: readonly ListedFile[] | null): void => {
        // What could not be listed is asked for again when it is opened again.
        if (found === null) asked.current.delete(id);
        else setKnown((before) => new Map(before).set(id, foldersOf(found)));
      };
      void list(id).then(take);
    },
    [list],
  );
  const way = useMemo(() => waysOf(current), [current]);
  useEffect(() => {
    for (const id of aboveOf(current)) load(id);
  }, [current, load]);

  const toggle = useCallback(
    (id: string, open: boolean) => {
      setOpened((before) => {
        const after = new Set(before);
        if (open) after.add(id);
        else after.delete(id);
        return after;
      });
      if (open) load(id);
    },
    [load],
  );
  const lines = useMemo(() => {
    const drawn: TreeLine[] = [];
    const own = foldersOf(entries);
    const draw = (id: string, name: string, depth: number): void => {
      const children = id === current ? own : known.get(id);
      const next = way[depth + 1];
      const named = new Set([...(children ?? []).slice(0, MOST_CHILDREN), ...(next !== undefined && parentId(next) === id ? [lastName(next)] : [])]);
      const open = opened.has(id);
      drawn.push({ id, name, depth, open, bare: children !== undefined && named.size === 0 });
      if (open) for (const child of [...named].toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))) draw(id === '' ? child : `${id}/${child}`, child, depth + 1);
    };
    draw('', rootName, 0);
    return drawn;
  }, [known, opened, entries, current, way, rootName]);
  return { lines, toggle };
}

function foldersOf(entries: readonly ListedFile[]): readonly string[] {
  return entries.filter(({ kind, name }) => kind === 'folder' && !name.startsWith('.')).map(({ name }) => name);
}

/** The ids of all folders on the way to one, from the root, itself included. */
function waysOf(id: string): readonly string[] {
  const parts = id === '' ? [] : id.split('/');
  return ['', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

/** The ids of all folders above one, from the root. */
function aboveOf(id: string): readonly string[] {
  return waysOf(id).slice(0, -1);
}

/** The id of the folder above. */
export function parentId(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf('/')));
}

function lastName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}
