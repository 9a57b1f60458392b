import { dataFolderPaths } from '../configuration/data-folder.ts';
import { isAlive } from '../configuration/data-folder-lock.ts';
import { readStatusFile, STATUS_FILE_MS } from '../status/status-file.ts';
import type { Console } from './console.ts';

/** `mavis-gateway status`: what the running gateway last said of itself, in plain lines. False where none runs. */
export async function showStatus(dataPath: string, now: Date, console: Console): Promise<boolean> {
  const found = await readStatusFile(dataFolderPaths(dataPath).status);
  const ageMs = found === null ? 0 : now.getTime() - Date.parse(found.report.clock);
  if (found === null || !isAlive(found.process) || ageMs > STATUS_FILE_MS * 4) {
    console.line('not running');
    return false;
  }
  const { report, links } = found;
  console.line(`running as process ${found.process} since ${report.startedAt}, version ${report.version}; as of ${Math.max(0, Math.round(ageMs / 1000))} s ago`);
  console.line(`sessions ${report.sessions}; connections of the service ${links}${report.draining ? '; draining' : ''}`);
  for (const { port, open, protocols } of report.ports) console.line(`proxy port ${port}: ${open ? 'open' : 'closed'}, ${protocols.length === 0 ? 'no protocol' : protocols.join(' ')}`);
  console.line(`recording: ${report.canRecord ? 'possible' : 'not possible'}, ${Math.floor(report.spoolFreeBytes / 1024 ** 2)} MiB free; journal at ${report.journalHead.sequence}`);
  for (const code of report.shortages) console.line(`short: ${code}`);
  return true;
}
