import { z } from 'zod';

/**
 * What flows over the port between the process of an SFTP session and its window. A page names local files by a place below the
 * folder that the user granted (his home, or one chosen in the system's dialog), part by part; it never holds or gives a local
 * path. Paths of the target are text, and the gateway holds them to the rule.
 */

/** One part of a local place: a name, never a way up or out. */
export const localPart = z.string().min(1).max(1024).refine((name) => name !== '.' && name !== '..' && !/[/\\\0]/.test(name), 'no name');
/** A folder below the granted one, from it down. */
export const localPlace = z.array(localPart).max(128);
export type LocalPlace = z.infer<typeof localPlace>;

/** A path of the target, as its bytes say. */
export const remotePath = z.string().min(1).max(4096).refine((path) => !path.includes('\0'), 'zero byte');
/** A name of the target as its bytes say (`shared/sftp/file-name-bytes.ts`). */
const remoteName = z.string().min(1).max(1024).refine((name) => name !== '.' && name !== '..' && !/[/\0]/.test(name), 'no name');

/** What to do where something of that name is there already. */
export const conflictRule = z.enum(['ask', 'overwrite', 'skip', 'rename', 'newer']);
export type ConflictRule = z.infer<typeof conflictRule>;

/** What the user does with a file that is open in his program: opens it again, tries again to take it back, takes it back over what is there now, or beside it, or ends it with or without a last save. */
export const editStep = z.enum(['open', 'retry', 'overwrite', 'keep-both', 'close', 'discard']);
export type EditStep = z.infer<typeof editStep>;

/** Names at once: a selection, not a tree. */
const MOST_SELECTED = 10_000;
/** Dragged at once: the system's drag holds each path. */
export const MOST_DRAGGED = 500;

export const filesCall = z.discriminatedUnion('do', [
  z.object({ do: z.literal('list-local'), place: localPlace }),
  z.object({ do: z.literal('make-local-folder'), place: localPlace, name: localPart }),
  z.object({ do: z.literal('rename-local'), place: localPlace, from: localPart, to: localPart }),
  /** How many files, folders and bytes stand under these names. */
  z.object({ do: z.literal('count-local'), place: localPlace, names: z.array(localPart).min(1).max(MOST_SELECTED) }),
  z.object({ do: z.literal('hash-local'), place: localPlace, name: localPart }),
  /** Lists a folder of the target; `path` of the answer is the real one. */
  z.object({ do: z.literal('list'), path: remotePath }),
  z.object({ do: z.literal('make-folder'), folder: remotePath, name: remoteName }),
  z.object({ do: z.literal('rename'), folder: remotePath, from: remoteName, to: remoteName }),
  /** How many files, folders and bytes stand under these names: what `remove` would take away. */
  z.object({ do: z.literal('count'), folder: remotePath, names: z.array(remoteName).min(1).max(MOST_SELECTED) }),
  z.object({ do: z.literal('remove'), folder: remotePath, names: z.array(remoteName).min(1).max(MOST_SELECTED) }),
  z.object({ do: z.literal('set-mode'), folder: remotePath, name: remoteName, mode: z.number().int().min(0).max(0o7777) }),
  /** Where a link leads, as it says itself. */
  z.object({ do: z.literal('read-link'), folder: remotePath, name: remoteName }),
  z.object({ do: z.literal('make-link'), folder: remotePath, name: remoteName, target: remotePath }),
  /** SHA-256 of a file of the target, which is read for it as a download is. */
  z.object({ do: z.literal('hash'), folder: remotePath, name: remoteName }),
  z.object({ do: z.literal('download'), folder: remotePath, names: z.array(remoteName).min(1).max(MOST_SELECTED), place: localPlace, conflict: conflictRule, verify: z.boolean() }),
  z.object({ do: z.literal('upload'), place: localPlace, names: z.array(localPart).min(1).max(MOST_SELECTED), folder: remotePath, conflict: conflictRule, verify: z.boolean() }),
  /** Opens a file of the target in the user's own program; what he saves there is taken back. */
  z.object({ do: z.literal('edit'), folder: remotePath, name: remoteName }),
  z.object({ do: z.literal('edit-step'), editId: z.number().int(), step: editStep }),
  /** Gets files and folders of the target ready to be dragged out of the window, which the system takes only where they lie on this computer. */
  z.object({ do: z.literal('drag-out'), folder: remotePath, names: z.array(remoteName).min(1).max(MOST_DRAGGED) }),
  z.object({ do: z.literal('drag-out-local'), place: localPlace, names: z.array(localPart).min(1).max(MOST_DRAGGED) }),
  /** Takes them from the list; what was fetched for it goes. */
  z.object({ do: z.literal('drop-drag-out'), dragOutId: z.number().int() }),
  z.object({ do: z.literal('steer'), jobId: z.number().int(), how: z.enum(['pause', 'resume', 'cancel', 'retry', 'dismiss']) }),
  z.object({ do: z.literal('decide'), questionId: z.number().int(), choice: conflictRule.exclude(['ask']), forAll: z.boolean() }),
]);
export type FilesCall = z.infer<typeof filesCall>;

/** A page's message: a call, or that nobody waits any more for the answer of one. */
export const filesFromPage = z.discriminatedUnion('kind', [z.object({ kind: z.literal('call'), id: z.number().int().min(0), call: filesCall }), z.object({ kind: z.literal('stop'), id: z.number().int().min(0) })]);
export type FilesFromPage = z.infer<typeof filesFromPage>;
/** A call of which only the number is read: one that is refused is answered too, or its page would wait for ever. */
export const refusedCall = z.object({ kind: z.literal('call'), id: z.number().int().min(0) });

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
  /** Files of which the target did not take times or permissions. */
  readonly unlike: number;
  readonly bytesPerSecond: number;
  /** The first few. */
  readonly failures: readonly JobFailure[];
  readonly failureCount: number;
  /** Names that could not stay as they were, the first few. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  /** Each of its files was read again on both sides, and was the same. */
  readonly verified: boolean;
  /** A session before began it. */
  readonly continued: boolean;
  /** It failed because the session ended, and goes on with the next one. */
  readonly kept: boolean;
}

/** A file of the target that is open in the user's program. */
export interface EditedFile {
  readonly id: number;
  readonly name: string;
  /** `changed-there`: the user saved it, and meanwhile it became another on the target; nothing is taken back before he says how. */
  readonly status: 'opening' | 'open' | 'uploading' | 'changed-there' | 'failed';
  readonly failure: JobFailure | null;
  /** How often it was taken back. */
  readonly uploads: number;
}

/** Files that wait to be dragged out of the window. */
export interface DragOut {
  readonly id: number;
  /** The first few. */
  readonly names: readonly string[];
  readonly count: number;
  /** `fetching`: from the target, as transfers that are in the queue. */
  readonly status: 'fetching' | 'ready' | 'failed';
  readonly failure: JobFailure | null;
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
  readonly bytes?: number;
  /** Where a link leads. */
  readonly target?: string;
  /** SHA-256, in hexadecimal digits. */
  readonly sha256?: string;
}

export type FilesToPage =
  /** The target answers; where the session begins there, and the name of the granted local folder. */
  | { readonly kind: 'ready'; readonly path: string; readonly localName: string }
  /** Some of the names that a call lists; its answer comes behind the last. */
  | { readonly kind: 'entries'; readonly id: number; readonly entries: readonly ListedFile[] }
  | { readonly kind: 'answer'; readonly id: number; readonly ok: true; readonly value: FilesAnswer }
  | { readonly kind: 'answer'; readonly id: number; readonly ok: false; readonly code: string; readonly args: Readonly<Record<string, string | number>> }
  | { readonly kind: 'edits'; readonly edits: readonly EditedFile[] }
  | { readonly kind: 'drag-outs'; readonly dragOuts: readonly DragOut[] }
  | { readonly kind: 'jobs'; readonly jobs: readonly TransferJob[]; readonly question: ConflictQuestion | null };
