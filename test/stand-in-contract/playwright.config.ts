import { defineConfig } from '@playwright/test';

/** Contract tests: the same on Electron and on the stand-in. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  // Two cores are shared with others: one window at a time keeps times steady.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  outputDir: '../../node_modules/.cache/stand-in-contract',
});
