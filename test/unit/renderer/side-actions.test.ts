import { expect, test } from 'vitest';
import type { ListedFile } from '../../../shared/ipc/files-port.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { localActions, remoteActions, type RemoteWork } from '../../../src-renderer/files/side-actions.ts';

const nothing = (): void => undefined;
const work: RemoteWork = {
  text: createTranslator('en').text,
  policy: null, at: { side: 'remote', folder: '/srv' }, canTransfer: true, ask: nothing, transfer: nothing, open: nothing, dragOut: nothing, reload: nothing,
  copyPath: nothing, pathOf: ({ name }) => name, edit: nothing, mayOpenTerminal: false, openTerminal: nothing,
};
const files = (count: number): ListedFile[] => Array.from({ length: count }, (_, index) => ({ name: String(index), kind: 'file', size: 1, modifiedAtSeconds: 0, mode: null, owner: '' }));

test.each([['remote', remoteActions], ['local', localActions]] as const)('S20: as many files as the system drags at once are offered to be dragged, and of more it is said how many would be (%s)', (_side, actions) => {
  const dragOf = (count: number) => actions(files(count), work).find(({ id }) => id === 'drag-out');
  expect([0, 1, 500, 501].map((count) => dragOf(count)?.can)).toEqual([false, true, true, false]);
  expect(dragOf(500)?.label).toBe('Drag to the desktop…');
  expect(dragOf(501)?.label).toBe('Drag to the desktop… (at most 500 at once)');
  // What is no drag goes with as many as are selected.
  expect(actions(files(501), work).filter(({ id, can }) => can && ['download', 'upload', 'delete', 'trash'].includes(id))).toHaveLength(2);
});
