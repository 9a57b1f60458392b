import { stringify } from 'csv-stringify/sync';
import type { AuditEntry, ErrorLogEntry, LogExportFormat } from '../../shared/api/audit.ts';
import { escapeFormula } from '../export/spreadsheet-cell.ts';
import { printable } from '../export/printable.ts';

/** The columns of a log's CSV file, and their cells. */
interface Columns<Entry> {
  readonly names: readonly string[];
  cells(entry: Entry): readonly string[];
}

const auditColumns: Columns<AuditEntry> = {
  names: ['sequence', 'at', 'kind', 'actorKind', 'actorId', 'actorName', 'reference', 'facts', 'id', 'hash'],
  cells: ({ sequence, at, kind, actor, reference, facts, id, hash }) => [String(sequence ?? ''), at, kind, actor.kind, actor.id ?? '', actor.name, reference ?? '', JSON.stringify(facts), id, hash ?? ''],
};

const errorColumns: Columns<ErrorLogEntry> = {
  names: ['at', 'code', 'leg', 'reference', 'gatewayName', 'facts', 'id'],
  cells: ({ at, code, leg, reference, gatewayName, facts, id }) => [at, code, leg, reference ?? '', gatewayName ?? '', JSON.stringify(facts), id],
};

/** Audit entries as the text of a file, in pieces. */
export function auditFile(format: LogExportFormat, pages: AsyncIterable<readonly AuditEntry[]>): AsyncGenerator<string> {
  return fileOf(format, auditColumns, pages);
}

/** Entries of the error log as the text of a file, in pieces. */
export function errorLogFile(format: LogExportFormat, pages: AsyncIterable<readonly ErrorLogEntry[]>): AsyncGenerator<string> {
  return fileOf(format, errorColumns, pages);
}

/** JSON Lines hold the entries as they are; in CSV no cell is a formula to a spreadsheet or turns the letters of another (B14). */
async function* fileOf<Entry>(format: LogExportFormat, { names, cells }: Columns<Entry>, pages: AsyncIterable<readonly Entry[]>): AsyncGenerator<string> {
  if (format === 'csv') yield stringify([[...names]]);
  for await (const entries of pages) {
    yield format === 'jsonl' ? entries.map((entry) => `${JSON.stringify(entry)}\n`).join('') : stringify(entries.map((entry) => cells(entry).map((cell) => escapeFormula(printable(cell)))));
  }
}
