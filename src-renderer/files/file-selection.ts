/** Which of a list are selected, by name, and where one stands in it. */
export interface FileSelection {
  readonly names: ReadonlySet<string>;
  /** Where the keyboard stands. */
  readonly active: number;
  /** From where a range is drawn. */
  readonly anchor: number;
}

export const NOTHING_SELECTED: FileSelection = { names: new Set(), active: 0, anchor: 0 };

/** Goes to a place: alone, or with all from the anchor to it. */
export function movedTo(selection: FileSelection, index: number, names: readonly string[], extend: boolean): FileSelection {
  const active = Math.max(0, Math.min(index, names.length - 1));
  if (!extend) return { names: new Set(names.slice(active, active + 1)), active, anchor: active };
  const [from, to] = [Math.min(selection.anchor, active), Math.max(selection.anchor, active)];
  return { names: new Set(names.slice(from, to + 1)), active, anchor: selection.anchor };
}

/** Goes to a place and leaves what is selected as it is. */
export function standingAt(selection: FileSelection, index: number, names: readonly string[]): FileSelection {
  return { ...selection, active: Math.max(0, Math.min(index, names.length - 1)) };
}

/** The next place, after where one stands, whose name begins with what was typed; round to the beginning. */
export function foundAt(typed: string, from: number, names: readonly string[]): number | undefined {
  const wanted = typed.toLowerCase();
  for (let step = 0; step < names.length; step += 1) {
    const at = (from + step) % names.length;
    if (names[at]?.toLowerCase().startsWith(wanted)) return at;
  }
  return undefined;
}

/** Adds one, or takes it out. */
export function toggled(selection: FileSelection, index: number, names: readonly string[]): FileSelection {
  const name = names[index];
  const chosen = new Set(selection.names);
  if (name !== undefined && !chosen.delete(name)) chosen.add(name);
  return { names: chosen, active: index, anchor: index };
}

/** The folder was listed anew: what is selected and where one stands are so by name. Where that name has gone, the next that is still there takes its place. */
export function listedAnew(selection: FileSelection, before: readonly string[], after: readonly string[], entries: readonly { readonly name: string }[]): FileSelection {
  const indexes = new Map(after.map((name, index) => [name, index]));
  const newIndex = (index: number): number => {
    for (const name of before.slice(index)) {
      const found = indexes.get(name);
      if (found !== undefined) return found;
    }
    return Math.max(0, Math.min(index, after.length - 1));
  };
  // What a filter hides stays selected too; what has gone is not, should it come back.
  const names = new Set(entries.filter(({ name }) => selection.names.has(name)).map(({ name }) => name));
  return { names, active: newIndex(selection.active), anchor: newIndex(selection.anchor) };
}

/** The same names in another order, or others of them are shown: one stands on what is selected, as before. */
export function arrangedAnew(selection: FileSelection, before: readonly string[], after: readonly string[]): FileSelection {
  const name = before[selection.active];
  const index = name !== undefined && selection.names.has(name) ? after.indexOf(name) : -1;
  return index === -1 ? selection : { ...selection, active: index, anchor: index };
}

/** All of them. */
export function allOf(selection: FileSelection, names: readonly string[]): FileSelection {
  return { ...selection, names: new Set(names) };
}

/** None of them. */
export function noneOf(selection: FileSelection): FileSelection {
  return { ...selection, names: new Set(), anchor: selection.active };
}
