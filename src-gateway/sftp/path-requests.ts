import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { FileRules } from '../../shared/policy/file-rules.ts';
import type { FileOperation } from '../../shared/recording/file-operation.ts';
import { FieldReader } from '../../shared/sftp/packet-fields.ts';
import { isKnownExtension, type KnownExtension, openFlag, packetType } from '../../shared/sftp/sftp-constants.ts';
import type { Answers, Draft } from './answers.ts';
import { rebuilt, withPath } from './built-packets.ts';
import { changeRefusal, type HandleRequests } from './handle-requests.ts';
import { OpenFile } from './open-files.ts';
import type { PathRules } from './path-rules.ts';

/** What an operation on a path needs of the rule, and whether a link at its end is followed. */
interface PathRequest {
  readonly operation: FileOperation['operation'];
  readonly follow: boolean;
  readonly needs?: 'filesIn' | 'filesDelete';
  /** A folder that the rule names may be used, not moved or deleted. */
  readonly keepsAllowed?: boolean;
}

/** Requests that are a path and perhaps attributes behind it, which go on as they are. */
const PATH_REQUESTS: ReadonlyMap<number, PathRequest> = new Map<number, PathRequest>([
  [packetType.stat, { operation: 'look', follow: true }],
  [packetType.lstat, { operation: 'look', follow: false }],
  [packetType.readlink, { operation: 'look', follow: false }],
  [packetType.setstat, { operation: 'change', follow: true, needs: 'filesIn' }],
  [packetType.mkdir, { operation: 'make-folder', follow: false, needs: 'filesIn' }],
  [packetType.rmdir, { operation: 'remove-folder', follow: false, needs: 'filesDelete', keepsAllowed: true }],
  [packetType.remove, { operation: 'remove', follow: false, needs: 'filesDelete', keepsAllowed: true }],
]);
const REFUSED_BY = { filesIn: 'files.upload-not-allowed', filesDelete: 'files.delete-not-allowed' } as const satisfies Record<string, ErrorCode>;
const WRITING = openFlag.write | openFlag.append | openFlag.create | openFlag.truncate;

/** What is asked of paths: resolved, held to the rule, and sent on with the path that was found. */
export class PathRequests {
  readonly #answers: Answers;
  readonly #handles: HandleRequests;
  readonly #paths: PathRules;
  readonly #rules: FileRules;

  constructor(answers: Answers, handles: HandleRequests, paths: PathRules, rules: FileRules) {
    this.#answers = answers;
    this.#handles = handles;
    this.#paths = paths;
    this.#rules = rules;
  }

  /** Takes a request of a kind; false for a kind that is none. Rejects with SftpFormatError. */
  async take(type: number, packet: Uint8Array, id: number): Promise<boolean> {
    const known = PATH_REQUESTS.get(type);
    if (known !== undefined) await this.#onPath(packet, id, new FieldReader(packet), known);
    else if (type === packetType.open) await this.#openFile(packet, id);
    else if (type === packetType.opendir) await this.#openFolder(packet, id);
    else if (type === packetType.realpath) await this.#realPath(packet, id);
    else if (type === packetType.rename) await this.#twoPaths(packet, id, new FieldReader(packet), 'rename');
    else if (type === packetType.symlink) await this.#twoPaths(packet, id, new FieldReader(packet), 'link');
    else if (type === packetType.extended) await this.#extended(packet, id);
    else return false;
    return true;
  }

  /** @param reader stands before the path; what is before it goes on */
  async #onPath(packet: Uint8Array, id: number, reader: FieldReader, { operation, follow, needs, keepsAllowed }: PathRequest): Promise<void> {
    const head = packet.subarray(0, packet.length - reader.left);
    const path = reader.name();
    const rest = packet.subarray(packet.length - reader.left);
    const size = operation === 'change' ? reader.attributes().size : undefined;
    const draft: Draft = { operation, path: this.#paths.absolute(path) };
    await this.#answers.answering(id, draft, async () => {
      if (needs !== undefined && !this.#rules[needs]) throw new MavisError(REFUSED_BY[needs]);
      const refused = operation === 'change' ? changeRefusal(this.#rules, size) : undefined;
      if (refused !== undefined) throw refused;
      const real = await this.#paths.resolve(path, { follow });
      if (keepsAllowed === true) this.#keep(real);
      this.#answers.passLogged(rebuilt(head, [real], rest), id, { ...draft, path: real });
    });
  }

  async #openFile(packet: Uint8Array, id: number): Promise<void> {
    const reader = new FieldReader(packet);
    const path = reader.name();
    const rest = packet.subarray(packet.length - reader.left);
    const flags = reader.uint32();
    reader.attributes();
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const [reads, writes] = [has(openFlag.read), has(WRITING)];
    const way = reads && writes ? 'both' : writes ? 'upload' : 'download';
    const draft: Draft = { operation: 'open', path: this.#paths.absolute(path), way };
    await this.#answers.answering(id, draft, async () => {
      if (!writes && !this.#rules.filesOut) throw new MavisError('files.download-not-allowed');
      if (writes && !this.#rules.filesIn) throw new MavisError('files.upload-not-allowed');
      if (reads && !this.#rules.filesOut) throw new MavisError('files.download-not-allowed');
      // Where each write goes to the end, the client's offsets say nothing of the size.
      if (has(openFlag.append) && this.#rules.maxFileBytes !== null) throw new MavisError('files.too-large', { bytes: this.#rules.maxFileBytes });
      const real = await this.#paths.resolve(path, { follow: true });
      // Only of a file that begins empty does what is written say what it holds.
      const fromEmpty = !has(openFlag.append) && (has(openFlag.truncate) || (has(openFlag.create) && has(openFlag.exclusive)));
      this.#handles.open(withPath(packet, real, rest), id, { ...draft, path: real }, new OpenFile(real, way, fromEmpty));
    });
  }

  async #openFolder(packet: Uint8Array, id: number): Promise<void> {
    const path = new FieldReader(packet).name();
    const draft: Draft = { operation: 'list', path: this.#paths.absolute(path) };
    await this.#answers.answering(id, draft, async () => {
      const real = await this.#paths.resolve(path, { follow: true });
      this.#handles.open(withPath(packet, real), id, { ...draft, path: real }, new OpenFile(real, 'list', false));
    });
  }

  async #realPath(packet: Uint8Array, id: number): Promise<void> {
    const path = new FieldReader(packet).name();
    // A question of where one is: answered with where the session begins, which the rule may have moved.
    const asked = path === '' || path === '.' ? this.#paths.start : path;
    const draft: Draft = { operation: 'look', path: this.#paths.absolute(asked) };
    await this.#answers.answering(id, draft, async () => this.#answers.pass(withPath(packet, await this.#paths.resolve(asked, { follow: true })), id));
  }

  /** @param reader stands before the first path; what is before it goes on */
  async #twoPaths(packet: Uint8Array, id: number, reader: FieldReader, operation: 'rename' | 'link'): Promise<void> {
    const head = packet.subarray(0, packet.length - reader.left);
    const [first, second] = [reader.name(), reader.name()];
    const draft: Draft = { operation, path: operation === 'link' ? first : this.#paths.absolute(first), to: this.#paths.absolute(second) };
    await this.#answers.answering(id, draft, async () => {
      if (!this.#rules.filesIn) throw new MavisError('files.upload-not-allowed');
      if (operation === 'link') {
        // A link would give what the rule denies another name, or another place.
        if (this.#paths.restrict) throw new MavisError('files.links-not-allowed');
        this.#answers.passLogged(packet, id, draft);
        return;
      }
      const [from, to] = await Promise.all([this.#paths.resolve(first, { follow: false }), this.#paths.resolve(second, { follow: false })]);
      this.#keep(from);
      this.#keep(to);
      this.#answers.passLogged(rebuilt(head, [from, to]), id, { ...draft, path: from, to });
    });
  }

  async #extended(packet: Uint8Array, id: number): Promise<void> {
    const reader = new FieldReader(packet);
    const name = reader.text(100);
    if (!isKnownExtension(name)) {
      const extension = name.replaceAll(/[^\w@.-]/g, '?');
      this.#answers.error(id, new MavisError('files.extension-not-allowed', { extension }), { operation: 'extension', path: extension });
      return;
    }
    const ofHandle = (): void => this.#handles.ofHandle(packet, id, () => this.#answers.pass(packet, id), reader);
    const take: Readonly<Record<KnownExtension, () => Promise<void> | void>> = {
      'posix-rename@openssh.com': () => this.#twoPaths(packet, id, reader, 'rename'),
      'hardlink@openssh.com': () => this.#twoPaths(packet, id, reader, 'link'),
      'statvfs@openssh.com': () => this.#onPath(packet, id, reader, { operation: 'space', follow: true }),
      'lsetstat@openssh.com': () => this.#onPath(packet, id, reader, { operation: 'change', follow: false, needs: 'filesIn' }),
      'fstatvfs@openssh.com': ofHandle,
      'fsync@openssh.com': ofHandle,
      'limits@openssh.com': () => this.#answers.pass(packet, id),
    };
    await take[name]();
  }

  #keep(real: string): void {
    if (this.#paths.isAllowedFolder(real)) throw new MavisError('files.path-not-allowed', { path: real.slice(0, 500) });
  }
}
