import { defineConfig } from '@playwright/test';
import { windowWorkers } from '../fixtures/own-display.ts';

/** Contract tests: the same on Electron and on the stand-in. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  workers: windowWorkers,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  outputDir: '../../node_modules/.cache/stand-in-contract',
});
