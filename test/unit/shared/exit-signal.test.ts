import { expect, test } from 'vitest';
import { passedExitSignal } from '../../../shared/ssh/exit-signal.ts';

test.each([
  ['SIGKILL', { signal: 'KILL' }],
  ['TERM', { signal: 'TERM' }],
  ['SIGBUS', { status: 135 }],
  ['SYS', { status: 159 }],
  ['SIG@openssh.com', undefined],
  ['FOO', undefined],
  ['kill', undefined],
  ['A\0B', undefined],
  ['toString', undefined],
  ['', undefined],
])('an end by the signal %j is passed on as %j', (name, passed) => {
  expect(passedExitSignal(name)).toEqual(passed);
});
