import type { Clock } from '../clock/clock.ts';

/** How much of the machine the gateway uses. */
export interface MachineLoad {
  /** Share of one processor since it was last asked: 1 is one whole core. */
  readonly cpu: number;
  readonly memoryBytes: number;
}

/** A meter of this process's load. */
export function machineLoadMeter(clock: Pick<Clock, 'monotonicMs'>): () => MachineLoad {
  let before = process.cpuUsage();
  let beforeMs = clock.monotonicMs();
  return () => {
    const now = process.cpuUsage();
    const nowMs = clock.monotonicMs();
    const usedMs = (now.user + now.system - before.user - before.system) / 1000;
    const cpu = nowMs > beforeMs ? Math.round((usedMs / (nowMs - beforeMs)) * 1000) / 1000 : 0;
    [before, beforeMs] = [now, nowMs];
    return { cpu, memoryBytes: process.memoryUsage.rss() };
  };
}
