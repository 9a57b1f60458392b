import { z } from 'zod';
import { printableFileName } from '../sftp/file-name-bytes.ts';

/** A longer path is cut in the log. */
export const MAX_PATH_LETTERS = 4096;
const path = z.string().max(MAX_PATH_LETTERS);
const range = z.tuple([z.number().int().min(0), z.number().int().min(0)]);

/** Most ranges that one entry lists; of more it says that it was cut. */
export const MAX_RANGES = 32;

/** What was done with files, one entry an operation (rules 28 and 29). Bytes of a path that are no UTF-8 stand as `decodeFileName` gives them. */
export const fileOperation = z.object({
  operation: z.enum(['open', 'transfer', 'list', 'look', 'make-folder', 'remove-folder', 'remove', 'rename', 'change', 'link', 'space', 'extension']),
  path,
  /** The second path of a renaming or a link. */
  to: path.optional(),
  /** Of an open file: what it was opened for. */
  way: z.enum(['download', 'upload', 'both']).optional(),
  outcome: z.enum(['ok', 'refused', 'failed', 'cut-off']),
  /** Of a refusal: the code that says by which rule. */
  code: z.string().max(100).optional(),
  /** Of a failure: the target's status. */
  status: z.number().int().optional(),
  /** Bytes that crossed, both ways together. */
  bytes: z.number().int().min(0).optional(),
  /** Of a folder: how many names were listed. */
  entries: z.number().int().min(0).optional(),
  /** SHA-256 of the whole, in hexadecimal; null where the bytes did not cross once and in order from 0. */
  sha256: z.string().length(64).nullable().optional(),
  /** Where there is no hash: what was covered, as offset and end. */
  ranges: z.array(range).max(MAX_RANGES).optional(),
  rangesCut: z.boolean().optional(),
});
export type FileOperation = z.infer<typeof fileOperation>;

/** The words of SFTP's own clients, which need no language. */
const WORDS: Readonly<Record<FileOperation['operation'], string>> = {
  open: 'open', transfer: 'copy', list: 'ls', look: 'stat', 'make-folder': 'mkdir', 'remove-folder': 'rmdir', remove: 'rm', rename: 'rename', change: 'chmod', link: 'ln', space: 'df', extension: 'extension',
};
const WAYS = { download: 'get', upload: 'put', both: 'get+put' } as const;

/** An operation as one line of text, for players and searches; nothing of a name can steer a terminal. */
export function fileOperationLine(one: FileOperation): string {
  const word = one.operation === 'transfer' ? WAYS[one.way ?? 'both'] : WORDS[one.operation];
  const facts = [
    printableFileName(one.path),
    ...(one.to === undefined ? [] : ['->', printableFileName(one.to)]),
    ...(one.operation === 'open' && one.way !== undefined ? [`(${WAYS[one.way]})`] : []),
    ...(one.bytes === undefined ? [] : [`${one.bytes} B`]),
    ...(one.entries === undefined ? [] : [`${one.entries} names`]),
    ...(one.sha256 === undefined ? [] : [one.sha256 === null ? 'hash: none' : `sha256:${one.sha256}`]),
    ...(one.ranges === undefined ? [] : [`ranges ${one.ranges.map(([from, end]) => `${from}-${end}`).join(',')}${one.rangesCut === true ? ',…' : ''}`]),
    one.outcome,
    ...(one.code === undefined ? [] : [one.code]),
    ...(one.status === undefined ? [] : [`status ${one.status}`]),
  ];
  return `${word.padEnd(8)} ${facts.join('  ')}`;
}
