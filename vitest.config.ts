import { pathToFileURL } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { inRepository } from './scripts/set-up/repository.ts';
import { LongestFirst } from './test/run/longest-first.ts';

/**
 * Files with real servers run four at a time on two cores: most of their time they wait for a sync, a time limit or a disk. In the
 * long run they have more to do and more to measure, so it is two; what is long by itself runs alone.
 */
export default defineConfig({
  plugins: [react()],
  test: {
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    // Each test file has a process of its own, and half of them load what the service's store is made of.
    execArgv: ['--import', pathToFileURL(inRepository('src-service', 'store', 'quick-drizzle.ts')).href],
    // What is waited for comes at once on a machine that does nothing else, and late on one that does.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}', 'test/renderer/**/*.test.{ts,tsx}'],
          testTimeout: 120_000,
          // What has no state of its own is loaded once for many files: each file anew took as long as all that is tested.
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'integration', include: ['test/integration/**/*.test.ts', 'test/targets/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 300_000, maxWorkers: process.env['MAVIS_LONG'] === '1' ? 2 : 4 },
      },
      {
        extends: true,
        test: { name: 'long', include: ['test/long/**/*.test.ts'], testTimeout: 3_600_000, hookTimeout: 120_000, maxWorkers: 1 },
      },
    ],
  },
});
