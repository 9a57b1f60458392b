import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/run/longest-first.ts';

/**
 * Files with real servers run three at a time on two cores: about a third of their time they wait for a sync, a time limit or a
 * disk. Long ones run alone.
 */
export default defineConfig({
  plugins: [react()],
  test: {
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    // What is waited for comes at once on a machine that does nothing else, and late on one that does.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}', 'test/renderer/**/*.test.{ts,tsx}'],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: { name: 'integration', include: ['test/integration/**/*.test.ts', 'test/targets/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 300_000, maxWorkers: 3 },
      },
      {
        extends: true,
        test: { name: 'long', include: ['test/long/**/*.test.ts'], testTimeout: 3_600_000, hookTimeout: 120_000, maxWorkers: 1 },
      },
    ],
  },
});
