import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Which Electron runs the application. */
export interface ElectronDistribution {
  readonly kind: 'electron' | 'stand-in';
  /** Value for ELECTRON_OVERRIDE_DIST_PATH; absent where Electron's own binary is there. */
  readonly overridePath?: string;
}

/** Electron's own binary if it is installed, else the stand-in in this folder. */
export function electronDistribution(): ElectronDistribution {
  const folder = path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const installed = existsSync(path.join(folder, 'path.txt')) && existsSync(path.join(folder, 'dist', 'version'));
  return installed ? { kind: 'electron' } : { kind: 'stand-in', overridePath: import.meta.dirname };
}
