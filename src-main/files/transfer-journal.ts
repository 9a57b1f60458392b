import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { conflictRule } from '../../shared/ipc/files-port.ts';

/** A transfer as it was asked for; names of the target as their bytes say (`shared/sftp/file-name-bytes.ts`). */
const askedTransfer = z.object({
  direction: z.enum(['download', 'upload']),
  name: z.string().min(1).max(4096),
  /** The real path of a folder of this computer that the user granted when he asked. */
  localFolder: z.string().min(1).max(32_768),
  remoteFolder: z.string().min(1).max(4096),
  conflict: conflictRule,
  /** Whether each file is compared by its SHA-256 before it gets its name. */
  verify: z.boolean().default(false),
});
export type AskedTransfer = z.infer<typeof askedTransfer>;

const begun = askedTransfer.extend({ kind: z.literal('transfer'), version: z.literal(1) });
/** What is noted of a transfer on its way, a line each. */
const journalEntry = z.discriminatedUnion('kind', [
  /** A file, by its path in the transfer, is whole and has its name. */
  z.object({ kind: z.literal('done'), path: z.string().max(65_536) }),
  /** The user decided so for all that is left. */
  z.object({ kind: z.literal('rule'), rule: conflictRule }),
  z.object({ kind: z.literal('paused'), paused: z.boolean() }),
]);
export type JournalEntry = z.infer<typeof journalEntry>;

/** What a journal says of a transfer that was left unfinished. */
export interface LeftTransfer {
  readonly asked: AskedTransfer;
  readonly done: readonly string[];
  readonly paused: boolean;
}

/** Lines wait so long for each other: a write for each of thousands of small files would cost more than the files. What a kill takes of them is found again by size and time. */
const GATHER_MS = 100;

/** What is on disk of one transfer for as long as it is not over: what was asked for, and which files are done. Mode 0600. */
export class TransferJournal {
  readonly #file: string;
  readonly #onUnkept: (error: unknown) => void;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();

  /** @param onUnkept called where the disk took nothing: the transfer goes on, and would not after the app was closed */
  constructor(file: string, onUnkept: (error: unknown) => void) {
    this.#file = file;
    this.#onUnkept = onUnkept;
  }

  /** Writes a transfer in place of whatever stands there; the file appears whole. */
  begin(asked: AskedTransfer, done: Iterable<string> = []): void {
    this.#stopWaiting();
    const text = [{ kind: 'transfer', version: 1, ...asked } satisfies z.infer<typeof begun>, ...Array.from(done, (path) => ({ kind: 'done', path }))].map(line).join('');
    this.#then(async () => {
      await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
      await rename(`${this.#file}.new`, this.#file);
    });
  }

  note(entry: JournalEntry): void {
    this.#waiting += line(entry);
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** The transfer is over; nothing is kept of it. */
  drop(): void {
    this.#stopWaiting();
    this.#then(() => rm(this.#file, { force: true }));
  }

  /** Writes what waits to be written. */
  flush(): void {
    const text = this.#stopWaiting();
    if (text !== '') this.#then(() => appendFile(this.#file, text, { mode: 0o600 }));
  }

  #stopWaiting(): string {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting;
    this.#waiting = '';
    return text;
  }

  #then(work: () => Promise<unknown>): void {
    const before = this.#work;
    this.#work = (async () => {
      await before;
      try {
        await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
        await work();
      } catch (error) {
        this.#onUnkept(error);
      }
    })();
  }
}

/** What a journal says; nothing where it does not begin as one. The last line may be cut off. */
export function readJournal(text: string): LeftTransfer | undefined {
  const [first = '', ...lines] = text.split('\n');
  const head = begun.safeParse(parsed(first));
  if (!head.success) return undefined;
  const { kind: _kind, version: _version, ...asked } = head.data;
  const done: string[] = [];
  let paused = false;
  for (const entry of lines.flatMap((one) => journalEntry.safeParse(parsed(one)).data ?? [])) {
    if (entry.kind === 'done') done.push(entry.path);
    else if (entry.kind === 'paused') paused = entry.paused;
    else asked.conflict = entry.rule;
  }
  return { asked, done, paused };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A line that was cut off says nothing.
    return undefined;
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
