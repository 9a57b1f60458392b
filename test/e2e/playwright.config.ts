import { defineConfig } from '@playwright/test';

/** End to end: the built client in real windows, service, gateway and OpenSSH as real processes. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  // One app at a time: focus and the keyboard belong to one window of the display.
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  outputDir: '../../test-results/e2e',
  use: { screenshot: 'only-on-failure', trace: 'retain-on-failure' },
});
