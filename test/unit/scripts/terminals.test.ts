import { expect, test } from 'vitest';
import { groupNumber, terminalObjection } from '../../../scripts/set-up/terminals.ts';

const mountsWith = (...options: readonly string[]): string => [...options.map((one) => `devpts /dev/pts devpts rw,relatime,${one} 0 0`), 'tmpfs /dev/shm tmpfs rw 0 0', ''].join('\n');
const RIGHT = 'gid=5,mode=620,ptmxmode=666';
const WRONG = 'mode=600,ptmxmode=000';
const facts = { ttyGroup: 5, mayAsk: true };

test('an account whose terminals are in the group tty from the first has nothing to object', () => {
  expect(terminalObjection({ ...facts, mounts: mountsWith(RIGHT) })).toBeUndefined();
});

test('where terminals are not in the group tty, it is said what is wrong and what to type', () => {
  expect(terminalObjection({ ...facts, mounts: mountsWith(WRONG) })).toBe(
    `sshd gives no terminals to this account: /dev/pts is mounted without gid=5 (rw,relatime,${WRONG}); to have them: sudo mount -o remount,gid=5,mode=620,ptmxmode=666 /dev/pts`,
  );
  expect(terminalObjection({ ...facts, ttyGroup: 7, mounts: mountsWith(RIGHT) })).toMatch(/without gid=7 .*remount,gid=7,/);
});

test('what was mounted last counts', () => {
  expect(terminalObjection({ ...facts, mounts: mountsWith(WRONG, RIGHT) })).toBeUndefined();
  expect(terminalObjection({ ...facts, mounts: mountsWith(RIGHT, WRONG) })).toContain('without gid=5');
});

test('an account that may not open /dev/ptmx is told so', () => {
  expect(terminalObjection({ ...facts, mayAsk: false, mounts: mountsWith(RIGHT) })).toMatch(/may not open \/dev\/ptmx; to have them: sudo mount /);
});

test('a system that is mounted in another way, or has no such group, is not objected to', () => {
  expect(terminalObjection({ ...facts, mounts: 'tmpfs /dev/shm tmpfs rw 0 0\n' })).toBeUndefined();
  expect(terminalObjection({ ...facts, ttyGroup: undefined, mounts: mountsWith(WRONG) })).toBeUndefined();
});

test('the number of a group is read, and of no other whose name begins alike', () => {
  expect(groupNumber('root:x:0:\nttys:x:9:\ntty:x:5:aiko\n', 'tty')).toBe(5);
  expect(groupNumber('root:x:0:\n', 'tty')).toBeUndefined();
});
