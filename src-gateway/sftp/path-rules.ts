import { MavisError } from '../../shared/errors/mavis-error.ts';
import { denyingPattern, type FileRules, liesWithin, restrictsPaths } from '../../shared/policy/file-rules.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { isLink } from '../../shared/sftp/packet-fields.ts';
import { type TargetRequests, TargetStatus } from './target-requests.ts';

/** A rule's paths as a session meets them: each is resolved by the target before it is compared. */
export class PathRules {
  readonly #requests: Pick<TargetRequests, 'realPath' | 'attributes'>;
  readonly #rules: FileRules;
  #folders: readonly string[] = [];
  #start = '/';

  constructor(requests: Pick<TargetRequests, 'realPath' | 'attributes'>, rules: FileRules) {
    this.#requests = requests;
    this.#rules = rules;
  }

  /** Whether paths have to be resolved at all. */
  get restrict(): boolean {
    return restrictsPaths(this.#rules);
  }

  /** Where a session begins: the account's home, or the first allowed folder where that lies outside. Relative paths are meant from here. */
  get start(): string {
    return this.#start;
  }

  /** Resolves the rule's own folders. Those that are not there allow nothing; with none left everything is refused. Rejects with TargetStatus where the target does not even know its start. */
  async open(): Promise<void> {
    const home = await this.#requests.realPath('.');
    const folders: string[] = [];
    for (const path of this.#rules.filePaths) {
      try {
        folders.push(await this.#requests.realPath(path.startsWith('~') ? `${home === '/' ? '' : home}${path.slice(1)}` || '/' : path));
      } catch (error) {
        if (!(error instanceof TargetStatus)) throw error;
      }
    }
    this.#folders = folders;
    this.#start = this.#rules.filePaths.length === 0 || liesWithin(home, folders) ? home : (folders[0] ?? home);
  }

  /** A path from the root, as the client means it. */
  absolute(path: string): string {
    return path.startsWith('/') ? path : `${this.#start === '/' ? '' : this.#start}/${path === '' ? '.' : path}`;
  }

  /**
   * The real path of what a request speaks of, to be used in its place. Its parent is resolved by the target's REALPATH, and no
   * part of that may be a link still (there are servers that only tidy the text). What stands there itself is resolved where the
   * request would follow it. Between this and the request somebody on the target can still put a link there: that race remains.
   * Rejects with `files.path-not-allowed`, `files.name-not-allowed`, or TargetStatus where the parent is not there.
   */
  async resolve(path: string, { follow }: { readonly follow: boolean }): Promise<string> {
    const absolute = this.absolute(path);
    if (!this.restrict) return absolute;
    const trimmed = absolute.replace(/\/+$/, '');
    const cut = trimmed.lastIndexOf('/');
    const name = trimmed.slice(cut + 1);
    if (name === '' || name === '.' || name === '..') return await this.#checkedWhole(absolute);
    const parent = await this.#requests.realPath(trimmed.slice(0, cut) || '/');
    const real = `${parent === '/' ? '' : parent}/${name}`;
    await this.#refuseLinks(parent);
    if (!follow || !(await this.#standsAsLink(real))) return this.#checked(real);
    // The link's own name counts as well.
    this.#refuseName(real);
    return await this.#checkedWhole(real);
  }

  /** Whether a resolved path is one of the rule's folders itself, which may be neither renamed nor deleted. */
  isAllowedFolder(path: string): boolean {
    return this.#folders.includes(path);
  }

  async #checkedWhole(path: string): Promise<string> {
    const real = await this.#requests.realPath(path);
    await this.#refuseLinks(real);
    return this.#checked(real);
  }

  #checked(real: string): string {
    if (this.#rules.filePaths.length > 0 && !liesWithin(real, this.#folders)) throw new MavisError('files.path-not-allowed', { path: shown(real) });
    this.#refuseName(real);
    return real;
  }

  #refuseName(real: string): void {
    const pattern = denyingPattern(real, this.#rules.deniedFileNames);
    if (pattern !== undefined) throw new MavisError('files.name-not-allowed', { pattern });
  }

  /** All at once: one round trip, however deep the path. */
  async #refuseLinks(real: string): Promise<void> {
    const parts = real.split('/').filter((part) => part !== '');
    const links = await Promise.all(parts.map((_, depth) => this.#standsAsLink(`/${parts.slice(0, depth + 1).join('/')}`)));
    if (links.includes(true)) throw new MavisError('files.path-not-allowed', { path: shown(real) });
  }

  async #standsAsLink(path: string): Promise<boolean> {
    try {
      return isLink(await this.#requests.attributes(path));
    } catch (error) {
      // What is not there, or may not be looked at, leads nowhere.
      if (error instanceof TargetStatus) return false;
      throw error;
    }
  }
}

function shown(path: string): string {
  return printableFileName(path).slice(0, 500);
}
