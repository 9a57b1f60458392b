import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify, stillRuns, type ProcessIdentity } from '../../../scripts/processes/process-identity.ts';
import { cleanUpAfterEarlierStart } from '../../../scripts/processes/started-processes.ts';

const module = fileURLToPath(new URL('../../../scripts/processes/started-processes.ts', import.meta.url));

/** Owns a process that ignores being asked to end, as the launcher owns its programs, and says the two numbers. */
const launcher = `
  import { spawn } from 'node:child_process';
  import { StartedProcesses } from ${JSON.stringify(module)};
  const owner = new StartedProcesses(process.argv[1]);
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  owner.add('sleep', child.pid);
  console.log(child.pid);
  process.stdin.once('end', () => void owner.endAll().then(() => process.exit(0))).resume();
`;

let folder: string;
let file: string;
let started: ChildProcess;
let sleeping: ProcessIdentity;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-launcher-'));
  file = join(folder, 'processes.json');
  started = spawn(process.execPath, ['--input-type=module', '-e', launcher, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (started.stdout === null) throw new Error('no output');
  const [line] = (await once(createInterface({ input: started.stdout }), 'line')) as [string];
  const found = identify(Number(line));
  if (found === undefined) throw new Error('the process did not start');
  sleeping = found;
});

afterEach(() => {
  started.kill('SIGKILL');
  if (stillRuns(sleeping)) process.kill(sleeping.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

test('stopping ends what was started and leaves nothing written', async () => {
  started.stdin?.end();
  await once(started, 'exit');
  expect(stillRuns(sleeping)).toBe(false);
  expect(existsSync(file)).toBe(false);
});

test('what a launcher started ends by itself where the launcher is killed', async () => {
  started.kill('SIGKILL');
  await expect.poll(() => stillRuns(sleeping), { timeout: 60_000 }).toBe(false);
});

test('where the reaper is killed too, the next start ends what is left', async () => {
  const reaper = await reaperOf(started.pid ?? 0);
  process.kill(reaper, 'SIGKILL');
  started.kill('SIGKILL');
  await once(started, 'exit');
  expect(stillRuns(sleeping)).toBe(true);
  expect(await cleanUpAfterEarlierStart(file)).toEqual(['sleep']);
  expect(stillRuns(sleeping)).toBe(false);
  expect(await cleanUpAfterEarlierStart(file)).toEqual([]);
});

/** The number of the launcher's child that runs reaper.ts. */
async function reaperOf(parent: number): Promise<number> {
  const list = spawn('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  list.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(list, 'close');
  const line = text.split('\n').find((entry) => entry.includes('reaper.ts'));
  expect(line).toBeDefined();
  expect(readFileSync(file, 'utf8')).toContain('sleep');
  return Number(line?.trim().split(/\s+/)[0]);
}
