import { rmSync } from 'node:fs';

/** Removes a folder that a process left which was killed; one of another account stays, for that account to remove. */
export function removeLeftFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM'))) throw error;
  }
}
