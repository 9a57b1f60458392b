import type { SessionPolicy } from './session-policy.ts';

/** What of a rule speaks of files. */
export type FileRules = Pick<SessionPolicy, 'filesIn' | 'filesOut' | 'filesDelete' | 'filePaths' | 'maxFileBytes' | 'deniedFileNames'>;

/** Whether a rule restricts files at all: then command lines, which could carry them, are refused as well (rule 28). */
export function restrictsFiles(rules: FileRules): boolean {
  return !rules.filesIn || !rules.filesOut || !rules.filesDelete || rules.maxFileBytes !== null || restrictsPaths(rules);
}

/** Whether a rule speaks of paths or names, so that each path has to be resolved on the target (rule 29). */
export function restrictsPaths({ filePaths, deniedFileNames }: Pick<FileRules, 'filePaths' | 'deniedFileNames'>): boolean {
  return filePaths.length > 0 || deniedFileNames.length > 0;
}

/** The pattern that denies a part of a resolved path; nothing where none does. */
export function denyingPattern(path: string, patterns: readonly string[]): string | undefined {
  if (patterns.length === 0) return undefined;
  const parts = path.split('/').filter((part) => part !== '');
  return patterns.find((pattern) => parts.some((part) => matchesPattern(part, pattern)));
}

/** Whether a resolved path is one of these folders or lies in one. */
export function liesWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`));
}

/** Compares a name with a pattern, letter by letter: never more steps than the product of both lengths. */
export function matchesPattern(name: string, pattern: string): boolean {
  const [letters, wanted] = [[...name.toLowerCase()], [...pattern.toLowerCase()]];
  let [at, want] = [0, 0];
  // Where to go on if what follows the last star does not fit.
  let star: { want: number; at: number } | undefined;
  while (at < letters.length) {
    if (wanted[want] === '*') {
      star = { want, at };
      want += 1;
    } else if (wanted[want] === '?' || (want < wanted.length && wanted[want] === letters[at])) {
      at += 1;
      want += 1;
    } else if (star !== undefined) {
      star = { want: star.want, at: star.at + 1 };
      [at, want] = [star.at, star.want + 1];
    } else return false;
  }
  return wanted.slice(want).every((letter) => letter === '*');
}
