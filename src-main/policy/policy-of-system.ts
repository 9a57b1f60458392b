import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type Policy, readPolicyValues } from './policy.ts';
import { readPolicyFile } from './policy-file.ts';
import { readRegistryAnswer } from './registry-answer.ts';

/** Where Windows keeps policies that administrators alone can write. */
export const POLICY_REGISTRY_KEY = String.raw`HKLM\SOFTWARE\Policies\MAVIS\Desktop`;
/** Where macOS keeps what a profile of the computer sets. */
export const POLICY_PROPERTY_LIST = '/Library/Managed Preferences/com.mavis.desktop.plist';

/** The system's own programs answer at once or not at all. */
const ANSWER_LIMIT_MS = 5000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Runs a program of the system without a shell and gives what it printed; rejects where it fails. */
export type RunProgram = (file: string, words: readonly string[]) => Promise<string>;

const run: RunProgram = async (file, words) => (await promisify(execFile)(file, [...words], { timeout: ANSWER_LIMIT_MS, maxBuffer: MAX_ANSWER_BYTES, windowsHide: true, encoding: 'utf8' })).stdout;

/** The policy of this computer, from where its system keeps such things. Never rejects: what cannot be read stands in `problems`. */
export async function readPolicy(platform: NodeJS.Platform, systemRoot: string | undefined, runProgram: RunProgram = run): Promise<Policy> {
  if (platform === 'win32') return readFromRegistry(join(systemRoot ?? String.raw`C:\Windows`, 'System32', 'reg.exe'), runProgram);
  if (platform === 'darwin') return existsSync(POLICY_PROPERTY_LIST) ? readFromPropertyList(runProgram) : { settings: {}, problems: [] };
  return readPolicyFile();
}

/** The registry by `reg.exe query`. Not run on Windows. */
export async function readFromRegistry(program: string, runProgram: RunProgram): Promise<Policy> {
  let answer: string;
  try {
    answer = await runProgram(program, ['query', POLICY_REGISTRY_KEY]);
  } catch (error) {
    // Its only word for a key that is not there is to end with 1.
    const isAbsent = error instanceof Error && 'code' in error && error.code === 1;
    return { settings: {}, problems: isAbsent ? [] : [new MavisError('client.policy-unreadable', { place: POLICY_REGISTRY_KEY })] };
  }
  return readPolicyValues(readRegistryAnswer(answer), POLICY_REGISTRY_KEY);
}

/** A profile of macOS by `plutil`. Not run on macOS. */
export async function readFromPropertyList(runProgram: RunProgram): Promise<Policy> {
  try {
    const values: unknown = JSON.parse(await runProgram('/usr/bin/plutil', ['-convert', 'json', '-o', '-', POLICY_PROPERTY_LIST]));
    // macOS may leave the profile's own particulars beside the settings.
    const settings = typeof values === 'object' && values !== null && !Array.isArray(values) ? Object.fromEntries(Object.entries(values).filter(([key]) => !key.startsWith('Payload'))) : values;
    return readPolicyValues(settings, POLICY_PROPERTY_LIST);
  } catch {
    return { settings: {}, problems: [new MavisError('client.policy-unreadable', { place: POLICY_PROPERTY_LIST })] };
  }
}
