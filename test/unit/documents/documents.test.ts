import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type * as Commander from 'commander';
import { describe, expect, test, vi } from 'vitest';
import packageDescription from '../../../package.json' with { type: 'json' };
import { findingRules } from '../../../shared/diagnostics/findings/find-findings.ts';
import { isOwnFinding } from '../../../shared/diagnostics/finding-text.ts';
import { catalogue, isErrorCode } from '../../../shared/errors/catalogue.ts';
import { messages, type TextLanguage } from '../../../shared/languages/translate.ts';
import { readMavisCommand } from '../../../src-main/command-line/mavis-command.ts';
import { readDiagnoseCommand } from '../../../src-main/diagnostics/diagnose-command.ts';
import { ownCommandsIn, problemOfCommand, wordsOf, type OwnCommand } from './commands.ts';
import { unexplained, withGeneratedSections } from './generated-sections.ts';
import { guidePictures } from '../../tour/guide-picture-list.ts';
import { readMarkdown, type MarkdownParts } from './markdown.ts';

const { captured } = vi.hoisted(() => ({ captured: [] as Commander.Command[] }));

// The programs' own definitions, as their main.ts make them: only the reading of this process's command line is left out.
vi.mock('commander', async (original) => {
  const commander = await original<typeof Commander>();
  return {
    ...commander,
    Command: class extends commander.Command {
      override parseAsync(): Promise<this> {
        captured.push(this);
        return Promise.resolve(this);
      }
    },
  };
});

const repository = join(import.meta.dirname, '../../..');
const documentPaths = globSync(['README.md', 'docs/**/*.md', 'src-*/README.md'], { cwd: repository }).toSorted();
const documents = new Map<string, MarkdownParts>(documentPaths.map((path) => [path, readMarkdown(readFileSync(join(repository, path), 'utf8'))]));
const each = [...documents].map(([path, parts]) => ({ path, parts }));
const textOf = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** Documents in which words in bold are words of the interface, and in which language. */
const guides: readonly { readonly path: string; readonly language: TextLanguage }[] = [
  { path: 'docs/user-guide.md', language: 'en' },
  { path: 'docs/administrator-guide.md', language: 'en' },
  { path: 'docs/network-guide.md', language: 'en' },
  { path: 'docs/helpdesk-guide.md', language: 'en' },
  { path: 'docs/ja/user-guide.md', language: 'ja' },
  { path: 'docs/ja/network-guide.md', language: 'ja' },
  { path: 'docs/ja/helpdesk-guide.md', language: 'ja' },
];

test('there are documents to look at', () => {
  expect(documents.size).toBeGreaterThan(15);
  expect(each.flatMap(({ parts }) => parts.links).length).toBeGreaterThan(20);
  expect([statementNumbers.size, ruleNumbers.size]).toEqual([76, 40]);
});

describe.each(each)('$path', ({ path, parts }) => {
  test('leads nowhere in vain: each file and each heading that it names is there', () => {
    const wrong = parts.links.filter(({ target }) => !/^(?:https?|mailto):/.test(target)).filter(({ target }) => !isThere(path, target));
    expect(wrong).toEqual([]);
  });

  test('names no file of the repository that is not there', () => {
    const named = parts.code.flatMap(({ line, text }) => [...text.matchAll(/(?<![\w./-])(?:src-main|src-renderer|src-service|src-gateway|shared|scripts|test|packaging|docs)\/[\w./-]*\w\/?/g)].map(([found]) => ({ line, found })));
    expect(named.filter(({ found }) => !existsSync(join(repository, found)) && !/NNNN|YYYY/.test(found))).toEqual([]);
  });

  test('names no npm script that there is not', () => {
    const scripts = parts.code.flatMap(({ line, text }) => [...text.matchAll(/\bnpm run ([a-z:-]+)/g)].map(([, name = '']) => ({ line, name })));
    expect(scripts.filter(({ name }) => !Object.hasOwn(packageDescription.scripts, name))).toEqual([]);
  });

  test('names no code of the catalogue’s families that there is not, and no statement and no rule', () => {
    const codes = parts.code.filter(({ kind, text }) => kind === 'span' && families.has(text.split('.', 1)[0] ?? '') && /^[a-z-]+\.(?!ts$|md$|json$)[a-z-]+$/.test(text));
    expect(codes.filter(({ text }) => !isErrorCode(text) && !auditKinds.has(text))).toEqual([]);
    const statements = [...parts.prose.matchAll(/\bS(\d+)\b/g)].map(([, number]) => Number(number));
    expect(statements.filter((number) => !statementNumbers.has(number))).toEqual([]);
    const rules = [...parts.prose.matchAll(/\brules? (\d+)/g)].map(([, number]) => Number(number));
    expect(rules.filter((number) => !ruleNumbers.has(number))).toEqual([]);
  });
});

const families = new Set(Object.keys(catalogue).map((code) => code.split('.', 1)[0] ?? ''));
/** Kinds of audit entries share words with the catalogue; they are named in the notes on connections. */
const auditKinds = new Set(readMarkdown(textOf('docs/connections.md')).code.map(({ text }) => text));

const statementNumbers = new Set([...textOf('docs/requirements.md').matchAll(/^\| S(\d+) \|/gm)].map(([, number]) => Number(number)));
const ruleNumbers = new Set([...textOf('docs/rules.md').matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number)));

function isThere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#', 2);
  const path = file === '' ? from : relative(repository, resolve(repository, dirname(from), file));
  if (!existsSync(join(repository, path))) return false;
  if (anchor === undefined) return true;
  return statSync(join(repository, path)).isFile() && (documents.get(path)?.anchors.has(decodeURIComponent(anchor)) ?? false);
}

describe('commands in the documents', async () => {
  await import('../../../src-service/main.ts');
  await import('../../../src-gateway/main.ts');
  const programs = new Map(captured.map((program) => [program.name(), program]));

  test('the programs are those that are shipped', () => {
    expect([...programs.keys()].toSorted()).toEqual(Object.keys(packageDescription.bin).toSorted());
  });

  test.each(each)('$path: each is one that its program understands', ({ path, parts }) => {
    const wrong = parts.code.flatMap(({ line, text, kind }) => ownCommandsIn(text).flatMap((command) => {
      const problem = problemOf(command, kind === 'block');
      return problem === undefined ? [] : [`${path}:${line}: ${text}: ${problem}`];
    }));
    expect(wrong).toEqual([]);
  });

  function problemOf({ program, words }: OwnCommand, whole: boolean): string | undefined {
    if (program !== 'mavis') {
      const known = programs.get(program);
      return known === undefined ? 'no such program' : problemOfCommand(known, words, whole);
    }
    const argv = ['app', ...words];
    const read = readDiagnoseCommand(argv, '/') ?? readMavisCommand(argv, '/');
    if (read === undefined) return `mavis has no command ${words[0] ?? ''}`;
    // In the running text a command may stand without what it needs.
    return read.kind === 'misused' && (whole || words.length > 1) ? `not understood: ${read.why}` : undefined;
  }

  test('a command, an option or a script that is not there would be found', () => {
    expect(problemOf({ program: 'mavis-service', words: ['gateway', 'destroy', 'NAME'] }, false)).toContain('destroy');
    expect(problemOf({ program: 'mavis-gateway', words: ['start', '--daemon'] }, false)).toContain('--daemon');
    expect(problemOf({ program: 'mavis-gateway', words: ['init', '--data', '/x'] }, true)).toContain('--config');
    expect(problemOf({ program: 'mavis', words: ['scp', 'x'] }, true)).toContain('scp');
    expect(wordsOf('a "b c" [--d E \\| --f G]')).toEqual(['a', 'b c', '--d', 'E', '--f', 'G']);
  });
});

describe.each(guides)('$path', ({ path, language }) => {
  test('says of ports and findings what the product says: its lists are made from the same data', async () => {
    await expect(withGeneratedSections(textOf(path), language)).toMatchFileSnapshot(join(repository, path));
  });

  test('words in bold are words of the interface', () => {
    const words = new Set(Object.values<string>(messages[language]));
    const bold = documents.get(path)?.bold ?? [];
    expect(bold.filter((text) => !words.has(text))).toEqual([]);
    expect(bold.length).toBeGreaterThan(5);
  });
});

describe('pictures', () => {
  const files = globSync('docs/pictures/**/*', { cwd: repository }).filter((path) => statSync(join(repository, path)).isFile()).toSorted();

  test('are those that `npm run tour guides` makes, and each is shown by a document of its language', () => {
    const made = guidePictures.flatMap(({ file, languages }) => languages.map((language) => join('docs/pictures', language === 'en' ? file : join(language, file))));
    expect(files).toEqual(made.toSorted());
    const shown = each.flatMap(({ path, parts }) => parts.links.map(({ target }) => ({ path, target: join(dirname(path), target) })));
    expect(files.filter((file) => !shown.some(({ path, target }) => target === file && path.startsWith('docs/ja/') === file.startsWith('docs/pictures/ja/')))).toEqual([]);
    expect(shown.filter(({ path, target }) => target.startsWith('docs/pictures/') && path.startsWith('docs/ja/') !== target.startsWith('docs/pictures/ja/'))).toEqual([]);
  });

  test('are few kilobytes together, as every clone has them', () => {
    expect(files.reduce((sum, file) => sum + statSync(join(repository, file)).size, 0)).toBeLessThan(2 * 1024 ** 2);
  });

  test('show S35-S40, step by step, in the administrator guide', () => {
    const pictures = documents.get('docs/administrator-guide.md')?.links.map(({ target }) => target) ?? [];
    expect(pictures).toEqual(expect.arrayContaining(['define', 'install', 'key', 'state', 'test'].map((step) => `pictures/gateway-${step}.png`).concat('pictures/resource-tags.png')));
  });
});

describe('findings of diagnostics', () => {
  test.each(['docs/helpdesk-guide.md', 'docs/ja/helpdesk-guide.md'])('%s explains each', (path) => {
    const rows = new Set([...textOf(path).matchAll(/^\| `([a-z.-]+)` \|/gm)].map(([, code]) => code));
    expect(findingRules.map(({ code }) => code).filter((code) => (isOwnFinding(code) || isErrorCode(code)) && !rows.has(code))).toEqual([]);
    expect(unexplained).toEqual([]);
  });
});

describe('statements that the guides answer', () => {
  const span = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const answeredIn = (paths: readonly string[]): Set<number> => {
    const numbers = paths.flatMap((path) => [...textOf(path).matchAll(/\bS(\d+)(?:-S(\d+))?\b/g)].flatMap(([, from, to]) => span(Number(from), Number(to ?? from))));
    return new Set(numbers);
  };

  test.each(['docs', 'docs/ja'])('S43-S46, S59-S76: in the network and the helpdesk guide of %s', (folder) => {
    const answered = answeredIn([`${folder}/network-guide.md`, `${folder}/helpdesk-guide.md`]);
    expect([...span(43, 46), ...span(59, 76)].filter((number) => !answered.has(number))).toEqual([]);
  });

  test('S34-S40: in the administrator guide', () => {
    const answered = answeredIn(['docs/administrator-guide.md']);
    expect(span(34, 40).filter((number) => !answered.has(number))).toEqual([]);
  });
});
