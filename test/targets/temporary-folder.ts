import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one target, and how to remove it. */
export type TemporaryFolder = { readonly path: string; remove(): void };

/** Makes an empty folder; with mode 0711 other accounts reach what is named inside, without seeing what is there. */
export function makeTemporaryFolder(purpose: string, mode = 0o700): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `mavis-${purpose}-`));
  chmodSync(path, mode);
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10 }) };
}
