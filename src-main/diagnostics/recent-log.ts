import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crashMessages } from '../logging/crashes.ts';

const HOUR_MS = 3_600_000;
/** So long ago a crash may still explain what somebody asks about. */
const CRASH_MS = 30 * 24 * HOUR_MS;
/** A report stays readable, and small enough for a message. */
const MAX_LINES = 400;
/** Apart from those, so that neither a talkative hour nor a page that fails again and again pushes the other out. */
const MAX_CRASH_LINES = 100;
const MAX_FILES = 5;
const CRASH_LINES = Object.values(crashMessages).map((message) => `"msg":${JSON.stringify(message)}`);

/** The app's own log lines of the last hour, and before them those of the last thirty days that tell of a crash, oldest first; none where they cannot be read, which is no reason to have no report. */
export async function recentLog(folder: string, now: number): Promise<string[]> {
  try {
    const files = await Promise.all((await readdir(folder)).map(async (name) => ({ path: join(folder, name), changedMs: (await stat(join(folder, name))).mtimeMs })));
    const newest = files.filter(({ changedMs }) => changedMs >= now - CRASH_MS).toSorted((a, b) => a.changedMs - b.changedMs).slice(-MAX_FILES);
    const lines = (await Promise.all(newest.map(({ path }) => readFile(path, 'utf8')))).flatMap((text) => text.split('\n'));
    const chosen = (ofCrashes: boolean, since: number, most: number) => lines.map((line, at) => ({ line, at })).filter(({ line }) => tellsCrash(line) === ofCrashes && isSince(line, since)).slice(-most);
    return [...chosen(true, now - CRASH_MS, MAX_CRASH_LINES), ...chosen(false, now - HOUR_MS, MAX_LINES)].toSorted((a, b) => a.at - b.at).map(({ line }) => line);
  } catch {
    return [];
  }
}

function tellsCrash(line: string): boolean {
  return CRASH_LINES.some((text) => line.includes(text));
}

/** A line says when it was written; one that does not belongs to no time. */
function isSince(line: string, since: number): boolean {
  const at = /"time":(\d{1,16})/.exec(line)?.[1];
  return at !== undefined && Number(at) >= since;
}
