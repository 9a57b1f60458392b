import { basename } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { auditRoutes, auditVerificationEvent, logFilter, type AuditFilter, type LogExportFormat } from '../../shared/api/audit.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ChainProof, LogExport, LogName } from '../../shared/ipc/stores.ts';
import { shown } from '../ipc/shown-error.ts';
import { networkError } from '../service-client/certificate-trust.ts';
import { ServerSentEventParser } from '../service-client/server-sent-events.ts';
import type { ServiceClient } from '../service-client/service-client.ts';
import { writeWhole } from '../stored-files/whole-file.ts';
import type { OwnedStore } from '../stores/owned-store.ts';

/** The service writes a note of the export and reads a first page before its first byte. */
const FIRST_BYTE_LIMIT_MS = 30_000;
/** A page of a log takes the service milliseconds, a page of the chain a second: after this, it is gone. */
const SILENCE_LIMIT_MS = 60_000;
/** How often pages hear how far something is: smooth to the eye, nothing to the machine. */
const TELL_EVERY_MS = 100;
/** Exports at once; each reads a log from end to end. */
const MAX_RUNNING = 3;
/** Exports that are over stay in the list until dropped, the oldest give way. */
const MAX_LISTED = 10;

type Client = Pick<ServiceClient, 'open' | 'address'>;

export interface LogWorkParts {
  readonly store: OwnedStore<'logWork'>;
  readonly newId: () => string;
  readonly clock: () => number;
}

/** What takes long with the logs: exports to files, and the proof of the chain. Owns what runs; a sign-out ends it. */
export class LogWork {
  readonly #parts: LogWorkParts;
  readonly #running = new Map<string, AbortController>();
  #proof: AbortController | undefined;

  constructor(parts: LogWorkParts) {
    this.#parts = parts;
  }

  /** Begins an export into `path`, which the user chose: the file appears whole or not at all. Gives its id. Throws `request.conflict` where too many run. */
  beginExport(client: Client, { log, format, filter }: { readonly log: LogName; readonly format: LogExportFormat; readonly filter: AuditFilter }, path: string): string {
    const { store, newId } = this.#parts;
    if (this.#running.size >= MAX_RUNNING) throw new MavisError('request.conflict', { what: 'exports' });
    const id = newId();
    const abort = new AbortController();
    this.#running.set(id, abort);
    store.update((draft) => {
      for (const old of Object.values(draft.exports).filter(({ phase }) => phase.status !== 'running').slice(0, Math.max(0, Object.keys(draft.exports).length + 1 - MAX_LISTED))) delete draft.exports[old.id];
      draft.exports[id] = { id, log, fileName: basename(path), entries: 0, bytes: 0, phase: { status: 'running' } };
    });
    const open = () =>
      log === 'audit'
        ? client.open(auditRoutes.auditExport, { params: {}, query: { ...filter, format }, body: {} }, { timeoutMs: FIRST_BYTE_LIMIT_MS, signal: abort.signal })
        : client.open(auditRoutes.errorLogExport, { params: {}, query: { ...logFilter.parse(filter), format }, body: {} }, { timeoutMs: FIRST_BYTE_LIMIT_MS, signal: abort.signal });
    void this.#export(id, client, open, path, format, abort.signal).finally(() => this.#running.delete(id));
    return id;
  }

  /** Ends an export that runs; takes one that is over from the list. */
  dropExport(id: string): void {
    const running = this.#running.get(id);
    if (running) running.abort();
    else {
      this.#parts.store.update((draft) => {
        delete draft.exports[id];
      });
    }
  }

  /** Begins to prove the chain; nothing where that runs already. */
  beginProof(client: Client): void {
    if (this.#proof) return;
    const abort = new AbortController();
    this.#proof = abort;
    this.#setProof({ status: 'running', entries: 0, of: 0 });
    void this.#prove(client, abort.signal).finally(() => {
      if (this.#proof === abort) this.#proof = undefined;
    });
  }

  /** Ends a proof that runs; forgets the verdict of one that is over. */
  dropProof(): void {
    this.#proof?.abort();
    this.#proof = undefined;
    this.#setProof({ status: 'not-asked' });
  }

  /** Ends everything: at sign-out and at quitting. Nothing of it is shown to who signs in next. */
  end(): void {
    for (const abort of this.#running.values()) abort.abort();
    this.#proof?.abort();
    this.#proof = undefined;
    this.#parts.store.replace({ exports: {}, proof: { status: 'not-asked' } });
  }

  async #export(id: string, client: Client, open: () => ReturnType<Client['open']>, path: string, format: LogExportFormat, signal: AbortSignal): Promise<void> {
    const count = new LineCount((entries, bytes) => this.#changeExport(id, (item) => Object.assign(item, { entries: Math.max(0, entries - (format === 'csv' ? 1 : 0)), bytes })));
    try {
      const response = await open();
      response.setTimeout(SILENCE_LIMIT_MS, () => response.destroy(new MavisError('service.time-out', { address: client.address })));
      await writeWhole(path, (file) => pipeline(response, count, file.take, { signal })).finally(() => response.destroy());
      this.#changeExport(id, (item) => Object.assign(item, { phase: { status: 'done' } }));
    } catch (error) {
      const phase: LogExport['phase'] = signal.aborted ? { status: 'cancelled' } : { status: 'failed', error: shown(networkError(error, client.address)) };
      this.#changeExport(id, (item) => Object.assign(item, { phase }));
    }
  }

  async #prove(client: Client, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    try {
      const response = await client.open(auditRoutes.auditVerifyProgress, { params: {}, query: {}, body: {} }, { timeoutMs: FIRST_BYTE_LIMIT_MS, signal });
      response.setTimeout(SILENCE_LIMIT_MS, () => response.destroy(new MavisError('service.time-out', { address: client.address })));
      response.setEncoding('utf8');
      const parser = new ServerSentEventParser();
      for await (const text of response) {
        for (const { data } of parser.push(String(text))) {
          const event = auditVerificationEvent.parse(JSON.parse(data));
          if (signal.aborted) return;
          if (event.kind === 'progress') this.#setProof({ status: 'running', entries: event.entries, of: event.of });
          else {
            this.#setProof({ status: 'known', result: event.result, at: new Date(clock()).toISOString() });
            return;
          }
        }
      }
      throw new MavisError('service.answer-invalid');
    } catch (error) {
      if (!signal.aborted) this.#setProof({ status: 'failed', error: shown(networkError(error, client.address)) });
    }
  }

  #changeExport(id: string, change: (item: LogExport) => void): void {
    this.#parts.store.update((draft) => {
      const item = draft.exports[id];
      if (item) change(item);
    });
  }

  #setProof(proof: ChainProof): void {
    this.#parts.store.update((draft) => {
      draft.proof = proof;
    });
  }
}

/** Passes bytes on and tells, not too often, how many lines and bytes there were. */
class LineCount extends Transform {
  #lines = 0;
  #bytes = 0;
  #toldAt = 0;
  readonly #tell: (lines: number, bytes: number) => void;

  constructor(tell: (lines: number, bytes: number) => void) {
    super();
    this.#tell = tell;
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.#bytes += chunk.length;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) this.#lines += 1;
    const now = performance.now();
    if (now - this.#toldAt >= TELL_EVERY_MS) {
      this.#toldAt = now;
      this.#tell(this.#lines, this.#bytes);
    }
    done(null, chunk);
  }

  override _flush(done: () => void): void {
    this.#tell(this.#lines, this.#bytes);
    done();
  }
}
