import { describe, expect, test } from 'vitest';
import type { DiagnosisRun } from '../../../shared/diagnostics/diagnosis-run.ts';
import { Redaction } from '../../../shared/diagnostics/redaction.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { resourceId } from '../../../shared/ids.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { type DiagnoseCommandParts, readDiagnoseCommand, runDiagnoseCommand } from '../../../src-main/diagnostics/diagnose-command.ts';

const run = (findings: DiagnosisRun['findings'] = []): DiagnosisRun => ({ id: '00000000-0000-4000-8000-000000000001', startedAt: '2026-11-26T04:00:00.000Z', milliseconds: 1, profileName: 'office', service: 'https://mavis.example', resource: null, clientVersion: '0.1.0', platform: 'test', results: [], findings });
const wrong = run([{ code: 'disk-full', args: { megabytes: 3 }, leg: 'client', actor: 'you', ports: [], evidence: [] }]);
const read = (...words: string[]) => readDiagnoseCommand(['/usr/bin/mavis', ...words], '/app');

async function outcome(words: string[], parts: Partial<DiagnoseCommandParts> = {}): Promise<{ code: number; printed: string; complained: string; saved: Map<string, string> }> {
  const [printed, complained, saved] = [[] as string[], [] as string[], new Map<string, string>()];
  const command = read(...words);
  if (command === undefined) throw new Error('no command');
  const code = await runDiagnoseCommand(command, {
    diagnose: async () => run(),
    findResource: async ({ protocol }) => ({ id: resourceId.parse('00000000-0000-4000-8000-000000000002'), name: 'files', protocol }),
    since: () => null,
    words: { translator: createTranslator('en'), redaction: new Redaction({ names: [], addresses: [], hideAddresses: false }), log: [], when: (at) => at },
    print: (text) => printed.push(text),
    complain: (text) => complained.push(text),
    save: async (path, text) => void saved.set(path, text),
    ...parts,
  });
  return { code, printed: printed.join(''), complained: complained.join(''), saved };
}

describe('mavis diagnose', () => {
  test('is known behind switches and the app’s own path only: any other start is an ordinary one', () => {
    expect(read('diagnose')).toMatchObject({ kind: 'diagnose', json: false, report: null, resource: null });
    expect(read('--no-sandbox', '/app', '--user-data-dir=/tmp/x', 'diagnose', '--json')).toMatchObject({ json: true });
    expect(read()).toBeUndefined();
    expect(read('mavis://connect/diagnose')).toBeUndefined();
    expect(read('/somewhere/else', 'diagnose')).toBeUndefined();
  });

  test('the exit code is by what was found', async () => {
    expect(await outcome(['diagnose'])).toMatchObject({ code: 0, complained: '' });
    const found = await outcome(['diagnose'], { diagnose: async () => wrong });
    expect(found.code).toBe(1);
    expect(found.printed).toContain('1. The app cannot write its files');
  });

  test('--json is one document; --report writes HTML, or JSON by its name', async () => {
    const { printed, saved, code } = await outcome(['diagnose', '--json', '--report', 'a.html'], { diagnose: async () => wrong });
    expect([code, JSON.parse(printed).run.findings[0].code]).toEqual([1, 'disk-full']);
    expect(saved.get('a.html')).toMatch(/^<!doctype html>/);
    expect(JSON.parse((await outcome(['diagnose', '--report', 'a.json'])).saved.get('a.json') ?? '')).toMatchObject({ kind: 'mavis-diagnosis' });
  });

  test.each([[['diagnose', '--what']], [['diagnose', '--resource', 'files']], [['diagnose', '--resource', 'files', '--user', 'a', '--protocol', 'telnet']]])('what is not understood says how it is used: %j', async (words) => {
    expect(await outcome(words)).toMatchObject({ code: 2, printed: '', complained: expect.stringContaining('mavis diagnose [--resource') });
  });

  test('a resource is checked by its name and protocol; a name that is none is told; a sign-in that fails does not keep the rest from being checked', async () => {
    const asked: unknown[] = [];
    await outcome(['diagnose', '--resource', 'files', '--user', 'aiko', '--protocol', 'vnc'], { diagnose: async (resource) => (asked.push(resource), run()) });
    expect(asked).toEqual([{ id: '00000000-0000-4000-8000-000000000002', name: 'files', protocol: 'vnc' }]);
    const unknown = await outcome(['diagnose', '--resource', 'fles', '--user', 'aiko'], { findResource: () => Promise.reject(new MavisError('resource.unknown')) });
    expect([unknown.code, unknown.complained]).toEqual([2, 'No resource is called “fles”, or you may not use it.\n']);
    const refused = await outcome(['diagnose', '--resource', 'files', '--user', 'aiko'], { findResource: () => Promise.reject(new MavisError('service.unreachable')), diagnose: async () => wrong });
    expect([refused.code, refused.complained]).toEqual([1, 'service.unreachable\n']);
  });
});
