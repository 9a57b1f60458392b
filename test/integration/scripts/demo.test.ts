import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inRepository, repositoryFolder } from '../../../scripts/set-up/repository.ts';

/** What is shown on every machine; desktops come between where it has their servers. */
const STEPS = ['sign-in', 'resources', 'filter', 'connected', 'typed', 'ended', 'playback', 'audit', 'failure'] as const;

test('S2, S15, S17, S54, S58: npm run demo does the main job by itself, from the sign-in to a Gateway that is gone, and keeps a picture of each step', { timeout: 600_000 }, async () => {
  const child = spawn('npm', ['run', 'demo', '--silent'], { cwd: repositoryFolder, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code]: unknown[] = await once(child, 'close');
  expect([code, said]).toEqual([0, expect.stringMatching(/^demo: \d+ steps done on /m)]);
  const told = [...said.matchAll(/^demo +\d+: .+ \([\d.]+ s\) (\S+)$/gm)].map(([, file = '']) => file);
  const names = told.map((file) => /\d\d-([\w-]+)\.png$/.exec(file)?.[1] ?? file);
  expect(names.filter((name) => name !== 'vnc' && name !== 'rdp')).toEqual(STEPS);
  expect(readdirSync(inRepository('demo')).map((name) => join(inRepository('demo'), name)).toSorted()).toEqual(told.toSorted());
  for (const file of told) expect(readFileSync(file).subarray(1, 4).toString('latin1')).toBe('PNG');
});
