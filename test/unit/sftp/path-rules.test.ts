import { describe, expect, test } from 'vitest';
import type { FileRules } from '../../../shared/policy/file-rules.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { statusCode } from '../../../shared/sftp/sftp-constants.ts';
import { PathRules } from '../../../src-gateway/sftp/path-rules.ts';
import { TargetStatus } from '../../../src-gateway/sftp/target-requests.ts';

const FOLDER = 0o040_755;
const LINK = 0o120_777;
const FILE = 0o100_644;

/** A target whose REALPATH only tidies the text, as some servers' does: links in a path stay in it. */
function tidying(modes: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  return {
    asked,
    realPath: (path: string): Promise<string> => {
      const parts: string[] = [];
      for (const part of (path === '.' ? '/home' : path).split('/')) {
        if (part === '..') parts.pop();
        else if (part !== '' && part !== '.') parts.push(part);
      }
      const real = `/${parts.join('/')}`;
      return real.startsWith('/nowhere') ? Promise.reject(new TargetStatus(statusCode.noSuchFile)) : Promise.resolve(real);
    },
    attributes: (path: string): Promise<{ mode: number }> => {
      asked.push(path);
      const mode = modes[path];
      return mode === undefined ? Promise.reject(new TargetStatus(statusCode.noSuchFile)) : Promise.resolve({ mode });
    },
  };
}

async function rulesOn(target: ReturnType<typeof tidying>, policy: Partial<FileRules>): Promise<PathRules> {
  const rules = new PathRules(target, sessionPolicy.parse(policy));
  await rules.open();
  return rules;
}

describe('rule 29: paths on a target whose REALPATH leaves links in them', () => {
  const modes = { '/srv': FOLDER, '/srv/in': FOLDER, '/srv/in/door': LINK, '/srv/in/a.txt': FILE, '/srv/in/link.txt': LINK };

  test('a link anywhere in the parent refuses, one at the end where it would be followed', async () => {
    const rules = await rulesOn(tidying(modes), { filePaths: ['/srv/in'] });
    expect(await rules.resolve('/srv/in/a.txt', { follow: true })).toBe('/srv/in/a.txt');
    expect(await rules.resolve('/srv/in/new.txt', { follow: true })).toBe('/srv/in/new.txt');
    for (const path of ['/srv/in/door/x', '/srv/in/door/deep/x', '/srv/in/door/']) await expect(rules.resolve(path, { follow: true })).rejects.toMatchObject({ code: 'files.path-not-allowed' });
    await expect(rules.resolve('/srv/in/link.txt', { follow: true })).rejects.toMatchObject({ code: 'files.path-not-allowed' });
    expect(await rules.resolve('/srv/in/link.txt', { follow: false })).toBe('/srv/in/link.txt');
  });

  test('a session begins in the first allowed folder where its home is none, and relative paths are meant from there', async () => {
    const rules = await rulesOn(tidying(modes), { filePaths: ['/nowhere', '/srv/in'] });
    expect(rules.start).toBe('/srv/in');
    expect(await rules.resolve('a.txt', { follow: true })).toBe('/srv/in/a.txt');
    const home = await rulesOn(tidying(modes), { filePaths: ['~', '/srv/in'] });
    expect(home.start).toBe('/home');
  });

  test('where none of the rule\'s folders is there, nothing is allowed', async () => {
    const rules = await rulesOn(tidying(modes), { filePaths: ['/nowhere'] });
    for (const path of ['/', '.', '/srv/in/a.txt', '/home']) await expect(rules.resolve(path, { follow: true })).rejects.toMatchObject({ code: 'files.path-not-allowed' });
  });

  test('a denied name counts for a link that bears it and for a folder on the way', async () => {
    const rules = await rulesOn(tidying(modes), { deniedFileNames: ['link.*', 'in'] });
    await expect(rules.resolve('/srv/in/a.txt', { follow: true })).rejects.toMatchObject({ code: 'files.name-not-allowed', args: { pattern: 'in' } });
    await expect(rules.resolve('/srv/link.txt', { follow: false })).rejects.toMatchObject({ code: 'files.name-not-allowed', args: { pattern: 'link.*' } });
  });

  test('without such a rule nothing is asked of the target', async () => {
    const target = tidying(modes);
    const rules = await rulesOn(target, {});
    expect(await rules.resolve('x/../y', { follow: true })).toBe('/home/x/../y');
    expect(target.asked).toEqual([]);
  });
});
