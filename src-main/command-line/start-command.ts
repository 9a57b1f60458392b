import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { createTranslator, textLanguage } from '../../shared/languages/translate.ts';
import { explainedLine } from '../foreign-clients/explained-line.ts';
import { createLog } from '../logging/log.ts';
import { readSettingsFile } from '../settings/settings.ts';
import { JsonFile } from '../stored-files/json-file.ts';
import { askApp } from './command-client.ts';
import { commandEndpoint } from './endpoint.ts';
import type { MavisCommand } from './mavis-command.ts';
import { commandExitCodes, runMavisCommand } from './run-command.ts';

/** Runs a command against the app that runs, without a window of its own, and ends the process. It waits for nothing of the engine: a command is there as soon as the program is. */
export async function startMavisCommand(command: MavisCommand, userDataFolder: string | undefined): Promise<void> {
  const user = process.getuid?.();
  const endpoint = commandEndpoint(app.getPath('userData'), { platform: process.platform, temporaryFolder: tmpdir(), user });
  const { settings } = readSettingsFile(new JsonFile(join(app.getPath('userData'), 'settings.json'), () => Date.now()), createLog([], () => Date.now(), process.pid));
  const translator = createTranslator(textLanguage(settings.language, shellLocale(process.env)));
  let code: number = commandExitCodes.failed;
  try {
    code = await runMavisCommand(command, {
      ask: (request) => askApp(endpoint, user, request),
      start,
      self: [app.getPath('exe'), ...(app.isPackaged ? [] : [app.getAppPath()]), ...(userDataFolder === undefined ? [] : [`--user-data-dir=${userDataFolder}`])],
      platform: process.platform,
      input: process.stdin,
      output: process.stdout,
      print: (text) => void process.stdout.write(text),
      complain: (text) => void process.stderr.write(text),
      explain: (error) => explainedLine(translator, error),
    });
  } catch (error) {
    process.stderr.write(`${explainedLine(translator, asMavisError(error))}\n`);
  }
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  app.exit(code);
}

/** Without a shell, on this terminal. */
function start(program: 'ssh' | 'sftp', args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', shell: false });
    child.once('error', (cause) => reject(new MavisError('client.program-missing', { program }, { cause })));
    // What ends the program by the keyboard is meant for it.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    child.once('exit', (code) => resolve(code ?? commandExitCodes.failed));
  });
}

/** What is written leaves before the process does. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

/** The shell's language as a BCP 47 tag. */
function shellLocale(environment: Readonly<Record<string, string | undefined>>): string {
  const locale = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '';
  return (locale.split('.')[0] ?? '').replace('_', '-');
}
