import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import type { PreloadSettings } from './page/preload-settings.ts';

/** Name of the world in which preload scripts run, as Electron calls it. */
export const ISOLATED_WORLD = 'Electron Isolated Context';

/** Documents that are no application's: Electron shows none of them, so nothing runs in them. */
const SKIP = `if(window!==window.top||location.href==='about:blank'||/^(chrome-error|chrome):|#boot-/.test(location.href))return;`;

/** A file of page/ as plain script: types, imports and the word `export` taken out. */
function readScript(name: string): string {
  const source = readFileSync(path.join(import.meta.dirname, 'page', name), 'utf8');
  return stripTypeScriptTypes(source)
    .replaceAll(/^import .*$/gm, '')
    .replaceAll(/^export /gm, '');
}

const wire = readScript('wire.ts');
const mainWorld = readScript('main-world.ts');
const runtime = readScript('preload-runtime.ts');

/** The script for the page's own world. */
export function mainWorldScript(channel: string): string {
  return `(()=>{${SKIP}${mainWorld};installMainWorld(${JSON.stringify(channel)});})();`;
}

/** The script for the isolated world: the runtime, then the application's preload script, if it has one. */
export function isolatedWorldScript(settings: PreloadSettings, preload: string | undefined): string {
  const run = preload === undefined ? 'undefined' : `function(require,module,exports,process){${preload}\n}`;
  return `(()=>{${SKIP}${wire}\n${runtime}\nrunPreload(${JSON.stringify(settings)},${run});})();`;
}
