import { readdirSync, readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;

interface ProcessFacts {
  readonly parent: number;
  readonly cpuSeconds: number;
}

/** Seconds of processor that processes and all below them used so far (Linux). */
export function cpuSecondsOf(roots: readonly number[]): number {
  return [...treeOf(roots).values()].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

/** Seconds of processor that the whole machine was busy so far, and those that its host gave to others meanwhile (Linux). */
export function machineSeconds(): { readonly busy: number; readonly stolen: number } {
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0, stolen = 0] = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '').split(' ').map(Number);
  return { busy: (user + nice + system + interrupts + soft) / CLOCK_TICKS_PER_SECOND, stolen: stolen / CLOCK_TICKS_PER_SECOND };
}

/** What processes and all below them have in memory now (Linux): each one's own count, and with pages that several share counted in parts, which adds up to what they take. */
export function memoryOf(roots: readonly number[]): { readonly processes: number; readonly residentBytes: number; readonly proportionalBytes: number } {
  const maps = [...treeOf(roots).keys()].flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
  const sum = (name: string): number => maps.reduce((bytes, map) => bytes + Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(map)?.[1] ?? 0) * 1024, 0);
  return { processes: maps.length, residentBytes: sum('Rss'), proportionalBytes: sum('Pss') };
}

/** Processes and all below them. */
function treeOf(roots: readonly number[]): ReadonlyMap<number, ProcessFacts> {
  const all = new Map<number, ProcessFacts>();
  for (const name of readdirSync('/proc')) {
    const facts = /^\d+$/.test(name) ? factsOf(Number(name)) : undefined;
    if (facts !== undefined) all.set(Number(name), facts);
  }
  const below = (pid: number): number[] => [pid, ...[...all].filter(([, { parent }]) => parent === pid).flatMap(([child]) => below(child))];
  const pids = new Set(roots.flatMap(below));
  return new Map([...all].filter(([pid]) => pids.has(pid)));
}

/** Bytes of a process that are in memory now and not shared with files (Linux). */
export function anonymousBytesOf(pid: number): number {
  const line = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** With what its children used that have ended: `socat` and `sshd` do their work in such. */
function factsOf(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
    const [, parent = 0] = fields;
    const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
    return { parent, cpuSeconds: (user + system + childrenUser + childrenSystem) / CLOCK_TICKS_PER_SECOND };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
