import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { resourceFields, type ImportReport, type Resource, type ResourceFields } from '../../shared/api/resources.ts';
import { escapeFormula, unescapeFormula } from '../export/spreadsheet-cell.ts';

/** A field that a file need not name. */
export type OptionalField = (typeof OPTIONAL)[number];
/** A resource as a file gives it; `unnamed` are the fields that the file says nothing of: they have defaults here, and stay as they are where the resource is there already. */
export interface ResourceInFile {
  readonly fields: ResourceFields;
  readonly unnamed: readonly OptionalField[];
}
/** One line of a file, read: the resource, or what is wrong. `line` counts from 1: lines of a CSV file, entries of a JSON list. */
export type ReadLine = ({ readonly line: number } & ResourceInFile) | { readonly line: number; readonly bad: Omit<ImportReport['badLines'][number], 'line'> };

/** The columns of a CSV file; lists stand in one cell, apart by blanks. `protocols` is `ssh:22 rdp:3389`. */
const REQUIRED = ['name', 'address', 'protocols', 'operatingSystem'] as const;
const OPTIONAL = ['description', 'identities', 'tags', 'credentialId', 'allowSpecialAddress', 'allowUnencryptedTunnel'] as const;
const COLUMNS = [...REQUIRED, ...OPTIONAL] as const;
type Column = (typeof COLUMNS)[number];
const strictFields = resourceFields.strict();
/** More than this in one file is refused as unreadable: it is more than the whole system is made for. */
const MAX_LINES = 200_000;
const MAX_SHOWN = 200;

/** Reads a file of either format, line by line; never throws. */
export function readLines(format: 'csv' | 'json', text: string): ReadLine[] {
  return format === 'csv' ? readCsv(text) : readJson(text);
}

/** Writes resources as `readLines` reads them. Cells that a spreadsheet would take for a formula get a leading `'` (B14), which reading takes off. */
export function writeLines(format: 'csv' | 'json', all: readonly Resource[]): string {
  if (format === 'json') return `${JSON.stringify(all.map(fieldsOf), null, 2)}\n`;
  const rows = all.map((one) => ({
    name: escapeFormula(one.name),
    address: escapeFormula(one.address),
    operatingSystem: one.operatingSystem,
    description: escapeFormula(one.description),
    protocols: one.protocols.map(({ protocol, port }) => `${protocol}:${String(port)}`).join(' '),
    identities: one.identities.join(' '),
    tags: escapeFormula(one.tags.join(' ')),
    credentialId: one.credentialId ?? '',
    allowSpecialAddress: String(one.allowSpecialAddress),
    allowUnencryptedTunnel: String(one.allowUnencryptedTunnel),
  }));
  return stringify(rows, { header: true, columns: [...COLUMNS] });
}

function fieldsOf({ name, address, protocols, operatingSystem, description, identities, tags, credentialId, allowSpecialAddress, allowUnencryptedTunnel }: Resource): ResourceFields {
  return { name, address, protocols, operatingSystem, description, identities, tags, credentialId, allowSpecialAddress, allowUnencryptedTunnel };
}

const csvRecord = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) });

function readCsv(text: string): ReadLine[] {
  let records: z.infer<typeof csvRecord>[];
  try {
    // A line that is not CSV is skipped by the parser and told of, so that the others are still read.
    const skipped: ReadLine[] = [];
    const parsed: unknown = parse(text, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: 65_536, to: MAX_LINES + 2, skip_records_with_error: true, on_skip: (error) => void skipped.push(unreadable(Number(error?.lines ?? 1))) });
    records = z.array(csvRecord).parse(parsed);
    const [header, ...rows] = records;
    if (rows.length + skipped.length > MAX_LINES) return [unreadable(1)];
    return [...rowsUnder(header?.record ?? [], rows), ...skipped].toSorted((a, b) => a.line - b.line);
  } catch {
    // What csv-parse gives up on altogether has no lines.
    return [unreadable(1)];
  }
}

function rowsUnder(header: readonly string[], rows: readonly z.infer<typeof csvRecord>[]): ReadLine[] {
  const names = header.map((name) => name.trim());
  const unknown = names.find((name) => !isColumn(name));
  if (unknown !== undefined) return [{ line: 1, bad: { column: shown(unknown), code: 'unknown-column', value: '' } }];
  const missing = REQUIRED.find((column) => !names.includes(column));
  if (missing !== undefined) return [{ line: 1, bad: { column: missing, code: 'missing', value: '' } }];
  const unnamed = OPTIONAL.filter((column) => !names.includes(column));
  return rows.map(({ record, info }) => {
    if (record.length !== names.length) return unreadable(info.lines);
    return checked(info.lines, unnamed, cellsToFields(Object.fromEntries(names.map((name, index) => [name, unescapeFormula(record[index] ?? '')]))));
  });
}

function cellsToFields(cells: Readonly<Record<string, string>>): Record<string, unknown> {
  const words = (cell: string | undefined): string[] => (cell ?? '').split(/\s+/).filter((word) => word !== '');
  // What is neither yes nor no is left as it is, for the schema to refuse.
  const flag = (cell: string | undefined): boolean | string => (cell === 'true' ? true : cell === undefined || cell === '' || cell === 'false' ? false : cell);
  const { credentialId } = cells;
  return {
    name: cells['name'],
    address: cells['address'],
    operatingSystem: cells['operatingSystem'],
    description: cells['description'] ?? '',
    protocols: words(cells['protocols']).map((word) => {
      const [protocol, port = ''] = word.split(':');
      return { protocol, port: /^\d{1,5}$/.test(port) ? Number(port) : port };
    }),
    identities: words(cells['identities']),
    tags: words(cells['tags']),
    credentialId: credentialId === undefined || credentialId === '' ? null : credentialId,
    allowSpecialAddress: flag(cells['allowSpecialAddress']),
    allowUnencryptedTunnel: flag(cells['allowUnencryptedTunnel']),
  };
}

function readJson(text: string): ReadLine[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    // Not JSON at all: there are no entries to speak of.
    return [unreadable(1)];
  }
  if (!Array.isArray(list) || list.length > MAX_LINES) return [unreadable(1)];
  return list.map((entry: unknown, index) => checked(index + 1, OPTIONAL.filter((field) => typeof entry !== 'object' || entry === null || !Object.hasOwn(entry, field)), entry));
}

function checked(line: number, unnamed: readonly OptionalField[], entry: unknown): ReadLine {
  const parsed = strictFields.safeParse(entry);
  if (parsed.success) return { line, fields: parsed.data, unnamed };
  const [issue] = parsed.error.issues;
  if (issue === undefined) return unreadable(line);
  if (issue.code === 'unrecognized_keys') return { line, bad: { column: shown(issue.keys[0] ?? ''), code: 'unknown-column', value: '' } };
  const column = String(issue.path[0] ?? '');
  const value: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, column) : entry;
  const missing = value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  return { line, bad: { column, code: missing ? 'missing' : 'invalid', value: missing ? '' : shown(typeof value === 'string' ? value : JSON.stringify(value)) } };
}

function unreadable(line: number): ReadLine {
  return { line, bad: { column: '', code: 'unreadable', value: '' } };
}

function shown(text: string): string {
  return text.slice(0, MAX_SHOWN);
}

function isColumn(name: string): name is Column {
  return COLUMNS.some((column) => column === name);
}
