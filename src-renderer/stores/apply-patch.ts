import type { StorePatch } from '../../shared/ipc/stores.ts';

type Operation = StorePatch['patch'][number];
type Container = Record<string, unknown> | unknown[];

/** A patch that does not fit the state: the whole state has to be read again. */
export class PatchMismatch extends Error {
  override readonly name = 'PatchMismatch';
}

/**
 * The state after a patch (the operations of RFC 6902 with the path as a list, as immer makes them: an array is also cut by
 * replacing its `length`). What the patch does not touch is the same object as before. Throws PatchMismatch.
 */
export function applyPatch(state: unknown, patch: readonly Operation[]): unknown {
  return patch.reduce<unknown>((current, operation) => applyAt(current, operation, 0), state);
}

function applyAt(node: unknown, operation: Operation, depth: number): unknown {
  const key = operation.path[depth];
  if (key === undefined) return operation.value;
  if (!isContainer(node)) throw new PatchMismatch(`no container at depth ${depth}`);
  const copy = Array.isArray(node) ? [...node] : { ...node };
  if (depth === operation.path.length - 1) change(copy, key, operation);
  else if (Array.isArray(copy)) copy[indexIn(copy, key)] = applyAt(copy[indexIn(copy, key)], operation, depth + 1);
  else copy[safeKey(key)] = applyAt(Object.hasOwn(copy, key) ? copy[key] : undefined, operation, depth + 1);
  return copy;
}

function change(container: Container, key: string | number, operation: Operation): void {
  if (!Array.isArray(container)) {
    if (operation.op === 'remove') delete container[safeKey(key)];
    else container[safeKey(key)] = operation.value;
    return;
  }
  if (key === 'length') {
    if (typeof operation.value !== 'number' || operation.value > container.length) throw new PatchMismatch('bad length');
    container.length = operation.value;
    return;
  }
  const index = key === '-' ? container.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index > container.length) throw new PatchMismatch('bad index');
  if (operation.op === 'add') container.splice(index, 0, operation.value);
  else if (operation.op === 'remove') container.splice(index, 1);
  else container[index] = operation.value;
}

function indexIn(list: readonly unknown[], key: string | number): number {
  const index = Number(key);
  if (!Number.isInteger(index) || index < 0 || index >= list.length) throw new PatchMismatch('bad index');
  return index;
}

/** Names that would reach a prototype are no names of ours. */
function safeKey(key: string | number): string {
  const name = String(key);
  if (name === '__proto__' || name === 'constructor' || name === 'prototype') throw new PatchMismatch('bad name');
  return name;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
