import type { ImportReport } from '../../shared/api/resources.ts';
import type { AuditActor } from '../audit/audit-log.ts';
import { readLines, type ResourceInFile } from './exchange-format.ts';
import type { Resources } from './resources.ts';

/** A report names so many bad lines and counts the rest: enough to find what is wrong with a file. */
const MAX_BAD_LINES = 1_000;

/**
 * Imports a file: lines that are right are taken, the others are reported. A name that is there is replaced, but for the fields
 * that the file does not name, a new one added; a name that comes twice in the file is taken once. With `dryRun` nothing is changed
 * and the report is the same.
 */
export async function importResources(resources: Pick<Resources, 'existing' | 'credentialIds' | 'importAll'>, actor: AuditActor, file: { format: 'csv' | 'json'; text: string; dryRun: boolean }): Promise<ImportReport> {
  const credentialIds = await resources.credentialIds();
  const good = new Map<string, ResourceInFile>();
  const bad: ImportReport['badLines'] = [];
  let badLineCount = 0;
  const refuse = (entry: ImportReport['badLines'][number]): void => {
    badLineCount += 1;
    if (bad.length < MAX_BAD_LINES) bad.push(entry);
  };
  for (const read of readLines(file.format, file.text)) {
    if ('bad' in read) refuse({ line: read.line, ...read.bad });
    else if (good.has(read.fields.name.toLowerCase())) refuse({ line: read.line, column: 'name', code: 'duplicate', value: read.fields.name.slice(0, 200) });
    else if (read.fields.credentialId !== null && !credentialIds.has(read.fields.credentialId)) refuse({ line: read.line, column: 'credentialId', code: 'invalid', value: read.fields.credentialId });
    else good.set(read.fields.name.toLowerCase(), { fields: read.fields, unnamed: read.unnamed });
  }
  const all = [...good.values()];
  if (file.dryRun || all.length === 0) {
    const updated = (await resources.existing(all.map(({ fields }) => fields.name))).size;
    return { created: all.length - updated, updated, badLines: bad, badLineCount };
  }
  return { ...(await resources.importAll(actor, all)), badLines: bad, badLineCount };
}
