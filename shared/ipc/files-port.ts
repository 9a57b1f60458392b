import { z } from 'zod';

/**
 * What flows over the port between the process of an SFTP session and its window. A page names local files by a place below the
 * folder that the user granted (his home, or one chosen in the system's dialog), part by part; it never holds or gives a local
 * path. Paths of the target are text, and the gateway holds them to the rule.
 */

/** One part of a local place: a name, never a way up or out. */
const localPart = z.string().min(1).max(1024).refine((name) => name !== '.' && name !== '..' && !/[/\\\0]/.test(name), 'no name');
/** A folder below the granted one, from it down. */
export const localPlace = z.array(localPart).max(128);
export type LocalPlace = z.infer<typeof localPlace>;

const remotePath = z.string().min(1).max(4096).refine((path) => !path.includes('\0'), 'zero byte');
/** A name of the target as its bytes say (`shared/sftp/file-name-bytes.ts`). */
const remoteName = z.string().min(1).max(1024).refine((name) => name !== '.' && name !== '..' && !/[/\0]/.test(name), 'no name');

/** What to do where something of that name is there already. */
export const conflictRule = z.enum(['ask', 'overwrite', 'skip', 'rename', 'newer']);
export type ConflictRule = z.infer<typeof conflictRule>;

/** Names at once: a selection, not a tree. */
const MOST_SELECTED = 10_000;

export const filesCall = z.discriminatedUnion('do', [
  z.object({ do: z.literal('list-local'), place: localPlace }),
  z.object({ do: z.literal('make-local-folder'), place: localPlace, name: localPart }),
  /** Lists a folder of the target; `path` of the answer is the real one. */
  z.object({ do: z.literal('list'), path: remotePath }),
  z.object({ do: z.literal('make-folder'), folder: remotePath, name: remoteName }),
  z.object({ do: z.literal('rename'), folder: remotePath, from: remoteName, to: remoteName }),
  /** What `remove` would take away. */
  z.object({ do: z.literal('count'), folder: remotePath, names: z.array(remoteName).min(1).max(MOST_SELECTED) }),
  z.object({ do: z.literal('remove'), folder: remotePath, names: z.array(remoteName).min(1).max(MOST_SELECTED) }),
  z.object({ do: z.literal('set-mode'), folder: remotePath, name: remoteName, mode: z.number().int().min(0).max(0o7777) }),
  z.object({ do: z.literal('download'), folder: remotePath, names: z.array(remoteName).min(1).max(MOST_SELECTED), place: localPlace, conflict: conflictRule }),
  z.object({ do: z.literal('upload'), place: localPlace, names: z.array(localPart).min(1).max(MOST_SELECTED), folder: remotePath, conflict: conflictRule }),
  z.object({ do: z.literal('steer'), jobId: z.number().int(), how: z.enum(['pause', 'resume', 'cancel', 'retry', 'dismiss']) }),
  z.object({ do: z.literal('decide'), questionId: z.number().int(), choice: conflictRule.exclude(['ask']), forAll: z.boolean() }),
]);
export type FilesCall = z.infer<typeof filesCall>;

/** A page's message. */
export const filesFromPage = z.object({ kind: z.literal('call'), id: z.number().int().min(0), call: filesCall });
export type FilesFromPage = z.infer<typeof filesFromPage>;

export interface ListedFile {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'link' | 'other';
  readonly size: number;
  readonly modifiedAtSeconds: number;
  /** Permissions, as `st_mode` has them below the kind; null where the system has none. */
  readonly mode: number | null;
  readonly owner: string;
}

export interface JobFailure {
  readonly name: string;
  readonly code: string;
  readonly args: Readonly<Record<string, string | number>>;
}

/** One transfer of a file or a folder. */
export interface TransferJob {
  readonly id: number;
  readonly direction: 'download' | 'upload';
  readonly name: string;
  readonly status: 'waiting' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  readonly doneBytes: number;
  /** Known of what has been found so far; of a folder it grows. */
  readonly totalBytes: number;
  readonly doneFiles: number;
  readonly totalFiles: number;
  readonly skipped: number;
  readonly bytesPerSecond: number;
  /** The first few. */
  readonly failures: readonly JobFailure[];
  readonly failureCount: number;
  /** Names that could not stay as they were, the first few. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
}

export interface ConflictQuestion {
  readonly id: number;
  readonly jobId: number;
  readonly name: string;
  readonly here: { readonly size: number; readonly modifiedAtSeconds: number };
  readonly coming: { readonly size: number; readonly modifiedAtSeconds: number };
}

/** The value of an answer, by what was asked. */
export interface FilesAnswer {
  readonly path?: string;
  readonly files?: number;
  readonly folders?: number;
}

export type FilesToPage =
  /** The target answers; where the session begins there, and the name of the granted local folder. */
  | { readonly kind: 'ready'; readonly path: string; readonly localName: string }
  /** Some of the names that a call lists; its answer comes behind the last. */
  | { readonly kind: 'entries'; readonly id: number; readonly entries: readonly ListedFile[] }
  | { readonly kind: 'answer'; readonly id: number; readonly ok: true; readonly value: FilesAnswer }
  | { readonly kind: 'answer'; readonly id: number; readonly ok: false; readonly code: string; readonly args: Readonly<Record<string, string | number>> }
  | { readonly kind: 'jobs'; readonly jobs: readonly TransferJob[]; readonly question: ConflictQuestion | null };
