import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { UpdateFile } from '../../shared/updates/update-manifest.ts';
import { WholeFile } from '../stored-files/whole-file.ts';
import type { InstalledPackage } from './installed-package.ts';
import { isVerified } from './verified-file.ts';

/** A program with its words; never a shell, and no word comes from a feed but the file's path in our own folder. */
export interface StartedProgram {
  readonly program: string;
  readonly words: readonly string[];
}

/** How a package takes an update: by itself when the app restarts, or by somebody's hand. */
export type InstallPlan =
  /** The file takes the AppImage's place; then, to restart, that is started. */
  | { readonly kind: 'replace'; readonly appImage: string; readonly restart: StartedProgram }
  /** The installer is started as the app ends, and waits for its end. */
  | { readonly kind: 'run'; readonly quietly: StartedProgram; readonly andRestart: StartedProgram }
  /** The system's package manager, the user or IT. */
  | { readonly kind: 'by-hand' };

/**
 * What installing a file means for a package. The words for NSIS are those of electron-builder's installers: `/S` asks nothing, `--updated`
 * waits for the app to end and keeps how it is installed, `--force-run` starts it afterwards; the installer asks the system for an
 * administrator itself where it is for all users. Not run on Windows. `appWords` are those that the app was started with and needs again.
 */
export function installPlan({ target, appImage }: InstalledPackage, file: string, appWords: readonly string[]): InstallPlan {
  if (appImage !== undefined) return { kind: 'replace', appImage, restart: { program: appImage, words: appWords } };
  if (target === 'nsis-x64' || target === 'nsis-arm64') {
    const words = ['/S', '--updated'];
    return { kind: 'run', quietly: { program: file, words }, andRestart: { program: file, words: [...words, '--force-run'] } };
  }
  return { kind: 'by-hand' };
}

/** Whether a package takes updates by itself. */
export function installsItself(installed: InstalledPackage): boolean {
  return installPlan(installed, '', []).kind !== 'by-hand';
}

/**
 * What goes before the app's end: the file is verified again, and an AppImage replaced. Gives what is started last of all, where something
 * is. Throws `update.file-wrong` for a file that has changed since it was fetched, and `update.not-installed`; nothing is changed then.
 */
export async function prepareInstall(plan: InstallPlan, path: string, file: UpdateFile, restart: boolean): Promise<StartedProgram | undefined> {
  if (plan.kind === 'by-hand') throw new MavisError('update.not-installed', { reason: file.target });
  if (plan.kind === 'replace') {
    await replace(plan.appImage, path, file);
    return restart ? plan.restart : undefined;
  }
  if (!(await isVerified(path, file))) throw new MavisError('update.file-wrong', { file: file.name });
  return restart ? plan.andRestart : plan.quietly;
}

/** Starts a program that goes on when the app has ended, away from any folder of it. Throws `update.not-installed`. */
export async function startDetached({ program, words }: StartedProgram, workingFolder: string): Promise<void> {
  const child = spawn(program, [...words], { detached: true, stdio: 'ignore', shell: false, cwd: workingFolder });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new MavisError('update.not-installed', { reason: codeOf(error) }, { cause: error });
  }
  child.unref();
}

/** The bytes are verified as they are copied beside the old file, which they then replace at once: whoever starts it gets the old or the new. */
async function replace(appImage: string, path: string, file: UpdateFile): Promise<void> {
  try {
    const { mode } = await stat(appImage);
    const copy = await WholeFile.create(appImage);
    try {
      if (!(await isVerified(path, file, (piece) => copy.append(piece)))) throw new MavisError('update.file-wrong', { file: file.name });
      await copy.setMode(mode & 0o777);
    } catch (error) {
      await copy.drop();
      throw error;
    }
    await copy.keep();
  } catch (error) {
    if (error instanceof MavisError && error.code === 'update.file-wrong') throw error;
    throw new MavisError('update.not-installed', { reason: error instanceof MavisError ? String(error.args['reason'] ?? '') : codeOf(error) }, { cause: error });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
