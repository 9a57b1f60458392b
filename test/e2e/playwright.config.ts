import { defineConfig } from '@playwright/test';
import { windowWorkers } from '../fixtures/own-display.ts';
import { trace } from '../fixtures/trace.ts';

/** End to end: the built client in real windows, service, gateway and OpenSSH as real processes. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  workers: windowWorkers,
  timeout: 240_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  outputDir: '../../test-results/e2e',
  use: { screenshot: 'only-on-failure', trace },
});
