import { PassThrough } from 'node:stream';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { resourceId } from '../../../shared/ids.ts';
import { readMavisCommand } from '../../../src-main/command-line/mavis-command.ts';
import { type RunCommandParts, runMavisCommand } from '../../../src-main/command-line/run-command.ts';
import { sshConfiguration } from '../../../src-main/command-line/ssh-configuration.ts';

const ID = resourceId.parse('33333333-3333-4333-8333-333333333333');
const read = (...words: string[]) => readMavisCommand(['/usr/bin/mavis', ...words], '/app');

async function outcome(words: string[], answers: Record<string, object | MavisError>, parts: Partial<RunCommandParts> = {}): Promise<{ code: number; printed: string; complained: string; started: (readonly string[])[] }> {
  const [printed, complained, started] = [[] as string[], [] as string[], [] as (readonly string[])[]];
  const command = read(...words);
  if (command === undefined) throw new Error('no command');
  const ask = async (request: { kind: string }): Promise<{ answer: never; socket: Socket }> => {
    const answer = answers[request.kind];
    if (answer instanceof MavisError) throw answer;
    return { answer: answer as never, socket: new Socket() };
  };
  const code = await runMavisCommand(command, {
    ask,
    start: async (program, args) => {
      started.push([program, ...args]);
      return 7;
    },
    self: ['/opt/MAVIS Desktop/mavis', '--user-data-dir=/home/a b'], platform: 'linux', input: new PassThrough(), output: new PassThrough(),
    print: (text) => printed.push(text), complain: (text) => complained.push(text), explain: ({ code: which }) => `mavis: ${which}`,
    ...parts,
  });
  return { code, printed: printed.join(''), complained: complained.join(''), started };
}

describe('the command line', () => {
  test('is known behind switches and the app’s own path only: any other start is an ordinary one', () => {
    expect(read('ls')).toEqual({ kind: 'ls', filter: '', json: false });
    expect(read('--no-sandbox', '/app', '--user-data-dir=/tmp/x', 'ls', 'tag:prod', 'os:linux', '--json')).toEqual({ kind: 'ls', filter: 'tag:prod os:linux', json: true });
    expect(read('ssh', 'web-01', '-L', '8080:localhost:80', 'uptime')).toEqual({ kind: 'ssh', resource: 'web-01', more: ['-L', '8080:localhost:80', 'uptime'] });
    expect(read('proxy', 'web-01')).toEqual({ kind: 'proxy', resource: 'web-01' });
    expect(read('ssh-config')).toEqual({ kind: 'ssh-config' });
    for (const words of [[], ['mavis://ssh'], ['/elsewhere', 'ls'], ['diagnose']]) expect(read(...words)).toBeUndefined();
  });

  test.each([[['ssh']], [['ssh', '']], [['sftp', '-oProxyCommand=id']], [['proxy', 'a', 'b']], [['ls', '--wrong']], [['ssh-config', 'x']]])('%j is told how to be written, with status 2', async (words) => {
    const { code, complained, started } = await outcome(words, {});
    expect(code).toBe(2);
    expect(complained).toContain('mavis ssh RESOURCE');
    expect(started).toEqual([]);
  });

  test('what the app refuses is explained, with status 1', async () => {
    expect(await outcome(['ls'], { ls: new MavisError('client.app-not-running') })).toMatchObject({ code: 1, complained: 'mavis: client.app-not-running\n', printed: '' });
  });

  test('a list is one resource a line, in which no name can steer a terminal; or JSON', async () => {
    const resources = [{ name: 'web\u001B]0;x\u0007\u202E-01', address: '10.0.0.1', protocols: ['ssh', 'sftp'] }];
    expect((await outcome(['ls'], { ls: { resources, total: 1 } })).printed).toBe('web\uFFFD]0;x\uFFFD\uFFFD-01\tssh,sftp\t10.0.0.1\n');
    expect(JSON.parse((await outcome(['ls', '--json'], { ls: { resources, total: 1 } })).printed)).toEqual(resources);
  });

  test('A23: ssh is started on the resource’s id, without its name; its status is ours', async () => {
    const find = { resourceId: ID, name: '$(reboot) -oProxyCommand=x', hostKeyAlias: 'mavis-1', knownHostsFile: '/home/a b/known_hosts' };
    const { code, started } = await outcome(['ssh', find.name, 'uptime'], { find });
    expect(code).toBe(7);
    expect(started).toEqual([['ssh', '-o', `ProxyCommand='/opt/MAVIS Desktop/mavis' '--user-data-dir=/home/a b' proxy ${ID}`, '-o', 'HostKeyAlias=mavis-1', '-o', 'UserKnownHostsFile="/home/a b/known_hosts"', '-o', 'StrictHostKeyChecking=yes', `mavis@${ID}`, 'uptime']]);
    expect((await outcome(['sftp', 'web-01', '-b', 'batch'], { find })).started[0]?.slice(-3)).toEqual(['-b', 'batch', `mavis@${ID}`]);
  });

  test('A23: a configuration holds plain names alone: no option, no pattern, nothing that a shell reads', () => {
    const hostile = ['$(id)', '-oProxyCommand=x', 'a b', 'web*', '!web', '`id`', 'a;id', "it's", '日本', '', 'x\nProxyCommand id'];
    const { text, hosts, leftOut } = sshConfiguration({ names: ['web-01', 'db_2.office', ...hostile], alias: 'mavis-1', knownHostsFile: '/k', command: 'mavis' });
    expect({ hosts, leftOut }).toEqual({ hosts: 2, leftOut: hostile.length });
    expect(text).toBe(['# Written by `mavis ssh-config`; written anew by it.', '', 'Host web-01 db_2.office', '  User mavis', '  HostKeyAlias mavis-1', '  UserKnownHostsFile /k', '  StrictHostKeyChecking yes', '  ProxyCommand mavis proxy %h', ''].join('\n'));
  });
});
