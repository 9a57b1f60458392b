import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A secret by the name under which a hit is told: the secret itself must not stand in a test's report either. */
export interface Canary {
  readonly name: string;
  readonly secret: string;
}

/** One place in which a canary was found. */
export interface Hit {
  readonly where: string;
  readonly canary: string;
  readonly encoding: string;
}

interface Needle {
  readonly canary: string;
  readonly encoding: string;
  readonly bytes: Buffer;
}

/** Searches bytes for canaries as plain text, UTF-16, hex, and base64 and base64url at any offset. */
export class SecretSearch {
  readonly #needles: readonly Needle[];
  /** Any of them, in one look: a database and a browser's folder are hundreds of megabytes, and more than a hundred needles. */
  readonly #any: RegExp;

  constructor(canaries: readonly Canary[]) {
    this.#needles = canaries.flatMap(({ name, secret }) => needlesOf(name, secret));
    this.#any = new RegExp(this.#needles.map(({ bytes }) => Array.from(bytes, (byte) => String.raw`\x${byte.toString(16).padStart(2, '0')}`).join('')).join('|'));
  }

  /** What of the canaries stands in some bytes. */
  inBytes(where: string, bytes: Uint8Array): Hit[] {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!this.#any.test(buffer.toString('latin1'))) return [];
    return this.#needles.filter((needle) => buffer.includes(needle.bytes)).map(({ canary, encoding }) => ({ where, canary, encoding }));
  }

  /** Every file under a folder, its name included. `files` counts what was read, so that a test can tell that there was something. */
  inFolder(folder: string): { readonly files: number; readonly hits: readonly Hit[] } {
    const hits: Hit[] = [];
    let files = 0;
    for (const entry of entriesIfThere(folder)) {
      const path = join(entry.parentPath, entry.name);
      hits.push(...this.inBytes(`name of ${path}`, Buffer.from(path)));
      if (entry.isDirectory()) {
        const inner = this.inFolder(path);
        files += inner.files;
        hits.push(...inner.hits);
      }
      if (!entry.isFile()) continue;
      const bytes = readIfThere(path);
      if (bytes === undefined) continue;
      files += 1;
      hits.push(...this.inBytes(path, bytes));
    }
    return { files, hits };
  }
}

/** A look at all processes costs some 10 ms of the test's own time and more on a busy machine; at new ones, next to nothing. */
const FULL_LOOK_EVERY = 10;

/** Reads command lines and environments of all processes again and again, as anyone on the machine could, until it is stopped. */
export class ProcessWatch {
  readonly #search: SecretSearch;
  readonly #hits = new Map<string, Hit>();
  readonly #timer: NodeJS.Timeout;
  readonly #processes = new Set<string>();

  /** What each process showed last. */
  readonly #known = new Map<string, Map<string, Buffer>>();
  #looks = 0;

  /** A command of a person's making lives longer than 100 ms on a machine at work. */
  constructor(search: SecretSearch, everyMs = 100) {
    this.#search = search;
    this.#timer = setInterval(() => this.look(), everyMs);
  }

  /** How many processes were seen. */
  get processes(): number {
    return this.#processes.size;
  }

  /** Looks at processes that are new, and every tenth time, or where `all` says so, at all: what a process shows changes when it runs another program. */
  look(all = this.#looks % FULL_LOOK_EVERY === 0): void {
    this.#looks += 1;
    const present = new Set(readdirSync('/proc').filter((name) => /^\d+$/.test(name)));
    for (const id of this.#known.keys()) if (!present.has(id)) this.#known.delete(id);
    for (const id of present) {
      const known = this.#known.get(id) ?? new Map<string, Buffer>();
      if (!all && known.size > 0) continue;
      this.#known.set(id, known);
      for (const part of ['cmdline', 'environ']) {
        const bytes = readIfThere(`/proc/${id}/${part}`);
        if (bytes === undefined) continue;
        this.#processes.add(id);
        // Most do not change: only what is new is searched.
        if (known.get(part)?.equals(bytes)) continue;
        known.set(part, bytes);
        for (const hit of this.#search.inBytes(`${part} of process ${id} (${readIfThere(`/proc/${id}/comm`)?.toString().trim() ?? '?'})`, bytes)) this.#hits.set(`${hit.where} ${hit.canary}`, hit);
      }
    }
  }

  stop(): Hit[] {
    clearInterval(this.#timer);
    return [...this.#hits.values()];
  }
}

function needlesOf(canary: string, secret: string): Needle[] {
  const utf8 = Buffer.from(secret, 'utf8');
  const hex = utf8.toString('hex');
  const swapped = Buffer.from(secret, 'utf16le').swap16();
  const spellings: (readonly [encoding: string, bytes: Buffer])[] = [
    ['plain', utf8],
    ['UTF-16 little-endian', Buffer.from(secret, 'utf16le')],
    ['UTF-16 big-endian', swapped],
    ['hex', Buffer.from(hex)],
    ['hex in capitals', Buffer.from(hex.toUpperCase())],
    ['escaped for JSON', Buffer.from(JSON.stringify(secret).slice(1, -1))],
    ['escaped for an address', Buffer.from(encodeURIComponent(secret))],
    ...[0, 1, 2].flatMap((offset) => base64At(utf8, offset)),
  ];
  const known = new Set<string>();
  return spellings.filter(([, bytes]) => !known.has(bytes.toString('hex')) && known.add(bytes.toString('hex'))).map(([encoding, bytes]) => ({ canary, encoding, bytes }));
}

/** The letters of base64 that depend on the secret alone, where it begins at an offset within a group of three bytes. */
function base64At(secret: Buffer, offset: number): (readonly [string, Buffer])[] {
  const text = Buffer.concat([Buffer.alloc(offset), secret]).toString('base64').replace(/=+$/, '');
  const from = offset === 0 ? 0 : offset + 1;
  const bits = (offset + secret.length) * 8;
  const own = text.slice(from, Math.floor(bits / 6));
  return [
    [`base64 at ${offset}`, Buffer.from(own)],
    [`base64url at ${offset}`, Buffer.from(own.replaceAll('+', '-').replaceAll('/', '_'))],
  ];
}

/** What lies in a folder; nothing where it went meanwhile, as folders of a running program do. */
function entriesIfThere(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    // Special files of a folder (sockets, pipes) have nothing to read; files of /proc have no size.
    if (!path.startsWith('/proc/') && !statSync(path).isFile()) return undefined;
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
