import { expect, test } from 'vitest';
import { endingWithParent } from '../../../scripts/processes/ending-with-parent.ts';

test('a command is told to end with its parent', () => {
  expect(endingWithParent(['/usr/sbin/sshd', '-D'], undefined, 'TERM', '/usr/bin/setpriv')).toEqual(['/usr/bin/setpriv', '--pdeathsig=TERM', '--', '/usr/sbin/sshd', '-D']);
});

test('an account is taken before the command runs', () => {
  expect(endingWithParent(['initdb'], { uid: 5, gid: 6 }, 'QUIT', '/usr/bin/setpriv').slice(0, 5)).toEqual(['/usr/bin/setpriv', '--reuid=5', '--regid=6', '--clear-groups', '--pdeathsig=QUIT']);
});
