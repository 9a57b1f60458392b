import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolsFolder } from './repository.ts';

/** How long a step that failed is not tried again: long enough for fast starts, short enough that a repair is noticed. */
export const rememberedForMs = 24 * 60 * 60 * 1000;

/** One failure as it is kept on disk: what was tried (a change of it is tried at once) and when. */
export type RememberedFailure = { readonly tried: string; readonly failedAt: number };

/** True where the same thing failed less than `rememberedForMs` ago. A time in the future (a clock set back) counts as old. */
export function isStillRemembered(failure: RememberedFailure | undefined, tried: string, nowMs: number): boolean {
  if (failure === undefined || failure.tried !== tried) return false;
  const age = nowMs - failure.failedAt;
  return age >= 0 && age < rememberedForMs;
}

/** Reads what is remembered under a name; anything unreadable counts as nothing. */
export function recallFailure(name: string, folder = toolsFolder): RememberedFailure | undefined {
  try {
    const kept: unknown = JSON.parse(readFileSync(fileOf(name, folder), 'utf8'));
    if (typeof kept !== 'object' || kept === null) return undefined;
    const { tried, failedAt } = kept as Partial<RememberedFailure>;
    return typeof tried === 'string' && typeof failedAt === 'number' ? { tried, failedAt } : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers that `tried` failed now. */
export function rememberFailure(name: string, tried: string, folder = toolsFolder): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(fileOf(name, folder), `${JSON.stringify({ tried, failedAt: Date.now() })}\n`);
}

/** Forgets a failure, because it was repaired. */
export function forgetFailure(name: string, folder = toolsFolder): void {
  rmSync(fileOf(name, folder), { force: true });
}

function fileOf(name: string, folder: string): string {
  return join(folder, `${name}-failed.json`);
}
