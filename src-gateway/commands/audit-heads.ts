import { dataFolderPaths } from '../configuration/data-folder.ts';
import { readAuditHeads } from '../link/audit-heads.ts';
import type { Console } from './console.ts';

/** `mavis-gateway audit-heads export`: the service's signed audit heads that this gateway keeps, one line of JSON each, oldest first; works offline (rule 18). */
export async function exportAuditHeads(dataPath: string, console: Console): Promise<void> {
  for (const head of await readAuditHeads(dataFolderPaths(dataPath).auditHeads)) console.line(JSON.stringify(head));
}
