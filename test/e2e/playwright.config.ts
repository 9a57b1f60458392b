import { defineConfig } from '@playwright/test';
import { windowWorkers } from '../fixtures/own-display.ts';

/** End to end: the built client in real windows, service, gateway and OpenSSH as real processes. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  workers: windowWorkers,
  timeout: 240_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  outputDir: '../../test-results/e2e',
  // A trace without its film: painting every frame for it took a third of the tests' time.
  use: { screenshot: 'only-on-failure', trace: { mode: 'retain-on-failure', screenshots: false, sources: false, snapshots: true } },
});
