import { type ConflictQuestion, type DragOut, type EditedFile, type FilesAnswer, filesFromPage, type FilesCall, type FilesToPage, type ListedFile, type TransferJob } from '../../../shared/ipc/files-port.ts';

const AT = Date.parse('2026-11-20T08:00:00Z') / 1000;

function entry(name: string, kind: ListedFile['kind'], size: number, mode = 0o644): ListedFile {
  return { name, kind, size, modifiedAtSeconds: AT - size, mode, owner: 'operator' };
}

/** What stands in each folder of the made-up target; names of no good will among them (A6). */
function remoteFolder(path: string, many: boolean): ListedFile[] {
  if (path === '/srv/reports/archive') return [entry('2025.tar.gz', 'file', 8_000_000)];
  if (path === '/') return ['etc', 'srv'].map((name) => entry(name, 'folder', 4096, 0o755));
  if (path === '/srv/handover') return [entry('2025', 'folder', 4096, 0o755), entry('checklist.md', 'file', 2_300), entry('network-plan.pdf', 'file', 420_000), entry('orders.csv', 'file', 81_200), entry('注文一覧.csv', 'file', 64_000)];
  if (path === '/srv') return ['reports', 'shared'].map((name) => entry(name, 'folder', 4096, 0o755));
  if (many) return Array.from({ length: 100_000 }, (_, number) => entry(`file-${String(number).padStart(6, '0')}.log`, 'file', number));
  return [
    entry('archive', 'folder', 4096, 0o755), entry('.hidden', 'file', 12), entry('注文一覧.csv', 'file', 81_200), entry('備份清單.txt', 'file', 4120), entry('latest', 'link', 9, 0o777),
    entry('<img src=x onerror=alert(1)>.html', 'file', 66), entry('photo\u202egnp.exe', 'file', 1_200_000), entry(`bell\u0007${'long-name-'.repeat(20)}.txt`, 'file', 5), entry('bytes\udcff\udcfe', 'file', 7),
  ];
}
/** What stands below each granted folder of this computer, by its name. */
function localFolder(root: string, place: readonly string[]): readonly ListedFile[] {
  if (place.length === 0) return [entry('Documents', 'folder', 4096, 0o755), entry('notes.txt', 'file', 900), entry('plan.pdf', 'file', 420_000)];
  return place.join('/') === 'Documents' ? [entry(root === 'y.tanaka' ? 'letters' : 'drafts', 'folder', 4096, 0o755), entry('notes.txt', 'file', 5)] : [];
}

/** With what a test says has come and gone meanwhile. */
function changed(entries: readonly ListedFile[]): ListedFile[] {
  const { brought, gone } = window.harness;
  return [...brought.map((name) => entry(name, 'file', 1)), ...entries.filter(({ name }) => !gone.includes(name))];
}

const job = (id: number, changes: Partial<TransferJob>): TransferJob => ({ id, direction: 'download', name: `job-${id}`, status: 'running', doneBytes: 0, totalBytes: 0, doneFiles: 0, totalFiles: 1, skipped: 0, unlike: 0, bytesPerSecond: 0, failures: [], failureCount: 0, renamed: [], verified: false, continued: false, kept: false, ...changes });
const JOBS: readonly TransferJob[] = [
  job(1, { name: '注文一覧.csv', status: 'done', doneBytes: 81_200, totalBytes: 81_200, doneFiles: 1, verified: true }),
  job(2, { name: 'archive', direction: 'upload', status: 'failed', doneBytes: 12_000_000, totalBytes: 40_000_000, doneFiles: 3, totalFiles: 9, skipped: 1, unlike: 2, failureCount: 25, failures: [{ name: 'archive/secret.key', code: 'files.name-not-allowed', args: { pattern: '*.key' } }], renamed: [{ from: '..\\x', to: '.._x' }] }),
  job(3, { name: 'disk.img', doneBytes: 512_000_000, totalBytes: 2_000_000_000, bytesPerSecond: 84_000_000 }),
];
/** What a guide shows. */
const PLAIN_JOBS: readonly TransferJob[] = [
  job(1, { name: 'orders.csv', direction: 'upload', doneBytes: 0, totalBytes: 81_900 }),
  job(2, { name: 'network-plan.pdf', status: 'done', doneBytes: 420_000, totalBytes: 420_000, doneFiles: 1, verified: true }),
  job(3, { name: 'disk.img', doneBytes: 512_000_000, totalBytes: 2_000_000_000, bytesPerSecond: 84_000_000 }),
];
const ANSWERS: Partial<Record<FilesCall['do'], FilesAnswer>> = { count: { files: 12, folders: 2, bytes: 48_200_000 }, 'count-local': { files: 3, folders: 0, bytes: 900 }, hash: { sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }, 'hash-local': { sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' }, 'read-link': { target: '../\u202eshared/latest' } };
const EDITS: readonly EditedFile[] = [
  { id: 1, name: '設定一覧.txt', status: 'open', failure: null, uploads: 2 },
  { id: 2, name: 'nginx.conf', status: 'changed-there', failure: null, uploads: 0 },
  { id: 3, name: 'notes.xyz', status: 'failed', failure: { name: 'notes.xyz', code: 'files.no-editor', args: {} }, uploads: 0 },
];
const DRAG_OUTS: readonly DragOut[] = [
  { id: 1, names: ['注文一覧.csv', '備份清單.txt'], count: 2, status: 'ready', failure: null },
  { id: 2, names: ['archive'], count: 12, status: 'fetching', failure: null },
  { id: 3, names: ['secret.key'], count: 1, status: 'failed', failure: { name: 'secret.key', code: 'files.name-not-allowed', args: { pattern: '*.key' } } },
];
const QUESTION: ConflictQuestion = { id: 9, jobId: 3, name: 'report.txt', here: { size: 1000, modifiedAtSeconds: AT }, coming: { size: 2000, modifiedAtSeconds: AT + 86_400 } };

/** The session's process of a files window: answers its calls with made-up folders and transfers. */
export class ScriptedFiles {
  readonly #scene: string;
  readonly #noted: (call: FilesCall | { readonly do: 'stop' }) => void;
  #told = false;
  #localName = 'y.tanaka';
  #post: ((message: FilesToPage) => void) | undefined;
  #questions: readonly ConflictQuestion[];

  constructor(scene: string, noted: (call: FilesCall | { readonly do: 'stop' }) => void) {
    this.#scene = scene;
    this.#noted = noted;
    this.#questions = scene === 'files-conflicts' ? [{ ...QUESTION, id: 10, name: 'next.txt' }] : [];
  }

  /** Tells the page what it did not ask for. */
  tell(message: FilesToPage): void {
    if (message.kind === 'ready') this.#localName = message.localName;
    this.#post?.(message);
  }

  open(session: string): void {
    const { port1, port2 } = new MessageChannel();
    const post = (message: FilesToPage): void => port1.postMessage(message);
    this.#post = post;
    port1.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      const message = filesFromPage.parse(data);
      if (message.kind === 'stop') {
        this.#noted({ do: 'stop' });
        return;
      }
      this.#noted(message.call);
      void this.#answer(message.id, message.call, post);
    });
    port1.start();
    window.postMessage({ kind: 'session-port', sessionId: session }, location.origin, [port2]);
    post({ kind: 'ready', path: this.#scene === 'files-plain' ? '/srv/handover' : '/srv/reports', localName: this.#localName });
    if (this.#scene === 'files-plain') {
      post({ kind: 'jobs', jobs: PLAIN_JOBS, question: { ...QUESTION, name: 'orders.csv' } });
      return;
    }
    if (this.#scene === 'files-edits') post({ kind: 'edits', edits: EDITS });
    if (this.#scene === 'files-edits') post({ kind: 'drag-outs', dragOuts: DRAG_OUTS });
    if (!['files', 'files-told-twice', 'files-slow'].includes(this.#scene)) post({ kind: 'jobs', jobs: JOBS, question: this.#scene.startsWith('files-conflict') ? QUESTION : null });
  }

  async #answer(id: number, call: FilesCall, post: (message: FilesToPage) => void): Promise<void> {
    await window.harness.held;
    // There the target's first folder comes when a test says so.
    if (this.#scene === 'files-slow' && call.do === 'list') await new Promise((resolve) => window.addEventListener('first-folder', resolve, { once: true }));
    if (call.do === 'list' && call.path.startsWith('/root')) {
      post({ kind: 'answer', id, ok: false, code: 'files.path-not-allowed', args: { path: call.path } });
      return;
    }
    // Who asks for the sum of that folder waits for ever.
    if (call.do === 'count' && this.#scene === 'files-endless') return;
    if (call.do === 'list') post({ kind: 'entries', id, entries: changed(remoteFolder(call.path, this.#scene === 'files-many')) });
    if (call.do === 'list-local') post({ kind: 'entries', id, entries: changed(localFolder(this.#localName, call.place)) });
    post({ kind: 'answer', id, ok: true, value: call.do === 'list' ? { path: call.path } : ANSWERS[call.do] ?? {} });
    // Told in the same turn, before the page has drawn what was listed.
    if (this.#scene === 'files-told-twice' && call.do === 'list' && !this.#told) {
      this.#told = true;
      post({ kind: 'ready', path: '/srv/reports', localName: 'y.tanaka' });
    }
    if (call.do === 'decide') {
      const [next = null, ...others] = this.#questions;
      this.#questions = others;
      post({ kind: 'jobs', jobs: JOBS, question: next });
    }
  }
}
