import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { quoteForCmd, quoteForShell, sshCommands, sshPath } from '../../../src-main/foreign-clients/ssh-commands.ts';

const BOTH = { ssh: true, sftp: true };
const PROFILE = { alias: 'mavis-1' };

describe('commands for people to copy', () => {
  test('name port, key and file; the password is in none of them', () => {
    expect(sshCommands(40123, PROFILE, '/home/a/known_hosts', 'linux', BOTH)).toEqual([
      { program: 'ssh', text: 'ssh -p 40123 -o HostKeyAlias=mavis-1 -o UserKnownHostsFile=/home/a/known_hosts -o StrictHostKeyChecking=yes mavis@127.0.0.1' },
      { program: 'sftp', text: 'sftp -P 40123 -o HostKeyAlias=mavis-1 -o UserKnownHostsFile=/home/a/known_hosts -o StrictHostKeyChecking=yes mavis@127.0.0.1' },
      { program: 'scp', text: 'scp -P 40123 -o HostKeyAlias=mavis-1 -o UserKnownHostsFile=/home/a/known_hosts -o StrictHostKeyChecking=yes FILE mavis@127.0.0.1:' },
      { program: 'rsync', text: "rsync -e 'ssh -p 40123 -o HostKeyAlias=mavis-1 -o UserKnownHostsFile=/home/a/known_hosts -o StrictHostKeyChecking=yes' FILE mavis@127.0.0.1:" },
    ]);
  });

  test.each([
    [{ ssh: true, sftp: false }, ['ssh', 'rsync']],
    [{ ssh: false, sftp: true }, ['sftp', 'scp']],
  ])('are those that the protocols allow: %o', (protocols, programs) => {
    expect(sshCommands(1, PROFILE, '/k', 'linux', protocols).map(({ program }) => program)).toEqual(programs);
  });

  test.each(['/home/a b/$(id)/`id`/known', "/it's/$HOME;id", '/per%cent/%h', '/new\nline', '/日本語/"quoted"'])('A23: a path stays one word of a shell and one file of ssh: %j', (path) => {
    const [{ text } = { text: '' }] = sshCommands(1, PROFILE, path, 'linux', BOTH);
    const words = spawnSync('/bin/sh', ['-c', `for word in ${text.slice('ssh '.length)}; do printf '%s\\0' "$word"; done`], { encoding: 'utf8' }).stdout.split('\0');
    expect(words).toContain(`UserKnownHostsFile=${sshPath(path)}`);
    expect(words.length).toBe(10);
  });

  test('what ssh itself reads of a path is the path', () => {
    expect(sshPath('/a/b')).toBe('/a/b');
    expect(sshPath('/a b/%h')).toBe('"/a b/%%h"');
  });

  test('words for Windows end where they should (not run on Windows)', () => {
    expect(quoteForCmd('C:\\Users\\a b\\')).toBe('"C:\\Users\\a b\\\\"');
    expect(quoteForCmd('say "x"')).toBe('"say \\"x\\""');
    expect(quoteForCmd('plain')).toBe('plain');
    expect(quoteForShell("it's")).toBe("'it'\\''s'");
  });
});
