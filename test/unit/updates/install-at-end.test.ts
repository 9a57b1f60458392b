import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { InstallAtEnd } from '../../../src-main/updates/install-at-end.ts';

const PROGRAM = { program: '/opt/mavis', words: ['--updated'] };

function made({ ready = true, wanted = true, sessions = 0, agrees = true, installs = true, goesOn = true } = {}) {
  const done: unknown[] = [];
  const lines: string[] = [];
  const install = new InstallAtEnd({
    updates: {
      installable: ready,
      prepareInstall: (restart) => {
        done.push(['install', restart]);
        return installs ? Promise.resolve(restart || goesOn ? PROGRAM : undefined) : Promise.reject(new MavisError('update.file-wrong'));
      },
    },
    settings: () => ({ installUpdateAtQuit: wanted }),
    connectedCount: () => sessions,
    ask: (count) => {
      done.push(['ask', count]);
      return Promise.resolve(agrees);
    },
    quit: () => done.push('quit'),
    start: (program) => {
      done.push(['start', program]);
      return Promise.resolve();
    },
    log: createLog([(line) => lines.push(line)], () => 0, 1),
  });
  return { install, done, lines };
}

test('who restarts for an update is asked where sessions are open, and it is installed and started once', async () => {
  const { install, done } = made({ sessions: 2 });
  expect(await install.restart()).toBe(true);
  await install.end();
  expect(done).toEqual([['ask', 2], ['install', true], 'quit', ['start', PROGRAM]]);
  const kept = made({ sessions: 1, agrees: false });
  expect(await kept.install.restart()).toBe(false);
  expect(kept.done).toEqual([['ask', 1]]);
});

test('a restart whose update cannot be installed is told, and nothing quits', async () => {
  const { install, done } = made({ installs: false });
  await expect(install.restart()).rejects.toThrow('update.file-wrong');
  expect(done).toEqual([['install', true]]);
});

test('when the app is quit, what is ready is installed where the user wants it, and started only where it must go on by itself', async () => {
  for (const [options, expected] of [[{}, [['install', false], ['start', PROGRAM]]], [{ goesOn: false }, [['install', false]]], [{ wanted: false }, []], [{ ready: false }, []]] as const) {
    const { install, done } = made(options);
    await install.end();
    expect(done).toEqual(expected);
  }
});

test('an update that fails while the app ends keeps nothing from ending', async () => {
  const { install, done, lines } = made({ installs: false });
  await install.end();
  expect(done).toEqual([['install', false]]);
  expect(lines.join('')).toContain('update not installed');
});
