import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { Job } from '../../../src-main/files/transfer-job.ts';

/** One run of a transfer's work, as the test ends it. */
interface Run {
  readonly signal: AbortSignal;
  readonly end: (how?: Error) => void;
}

function jobUnderTest(): { job: Job; runs: Run[]; journal: string[] } {
  const runs: Run[] = [];
  const journal: string[] = [];
  const job = new Job({
    id: 1,
    asked: { direction: 'download', name: 'f', localFolder: '/here', remoteFolder: '/there', conflict: 'overwrite', verify: false },
    name: 'f',
    journal: { begin: () => void journal.push('begin'), note: () => undefined, flush: () => void journal.push('flush'), drop: () => void journal.push('drop') },
    sessionOver: () => false,
    ask: () => Promise.reject(new Error('nothing is asked')),
    changed: () => undefined,
    monotonic: () => performance.now(),
    // As the work of a transfer does: it looks at its signal when a step of it has ended.
    work: async (running) => {
      const { signal } = running.control();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      runs.push({ signal, end: (how) => (how === undefined ? resolve() : reject(how)) });
      await promise;
      signal.throwIfAborted();
      await running.pass();
      running.found(5);
    },
  });
  return { job, runs, journal };
}

describe('S20: a transfer that is cancelled and tried again at once', () => {
  test('waits for the run before, which stays cancelled, and comes to its own end', async () => {
    const { job, runs, journal } = jobUnderTest();
    const first = job.run();
    await expect.poll(() => runs.length).toBe(1);
    job.cancel();
    job.retry();
    const second = job.run();
    await Promise.resolve();
    expect([runs.length, runs[0]?.signal.aborted, job.status]).toEqual([1, true, 'running']);
    runs[0]?.end();
    await first;
    await expect.poll(() => runs.length).toBe(2);
    expect([runs[1]?.signal.aborted, job.status, job.shown.failureCount, journal]).toEqual([false, 'running', 0, ['drop', 'begin']]);
    runs[1]?.end();
    await second;
    expect([job.status, job.shown.failureCount, job.shown.totalBytes, journal]).toEqual(['done', 0, 5, ['drop', 'begin', 'drop']]);
  });

  test('is not begun where it is cancelled again meanwhile, and begun once where it is tried once more', async () => {
    const { job, runs } = jobUnderTest();
    const all = [job.run()];
    await expect.poll(() => runs.length).toBe(1);
    for (let time = 0; time < 2; time += 1) {
      job.cancel();
      job.retry();
      all.push(job.run());
    }
    job.cancel();
    expect(job.status).toBe('cancelled');
    job.retry();
    all.push(job.run());
    runs[0]?.end(new Error('torn'));
    await expect.poll(() => runs.length).toBe(2);
    runs[1]?.end();
    await Promise.all(all);
    expect([runs.length, job.status, job.shown.failureCount, job.shown.totalFiles]).toEqual([2, 'done', 0, 1]);
  });

  test('ends with its session while it waits', async () => {
    const { job, runs, journal } = jobUnderTest();
    const first = job.run();
    await expect.poll(() => runs.length).toBe(1);
    job.cancel();
    job.retry();
    const second = job.run();
    job.giveUp(new MavisError('target.lost'));
    runs[0]?.end();
    await Promise.all([first, second]);
    expect([runs.length, job.status, job.shown.failures[0]?.code, journal]).toEqual([1, 'failed', 'target.lost', ['drop', 'begin', 'flush']]);
  });
});
