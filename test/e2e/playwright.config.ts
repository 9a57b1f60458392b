import { defineConfig } from '@playwright/test';
import { findCommand } from '../../scripts/set-up/found-command.ts';

/** Two apps at a time, where each can have a display of its own: they wait for servers and windows more than they compute. */
const ownDisplays = process.platform === 'linux' && ['Xvfb', 'openbox'].every((name) => findCommand(name) !== undefined);

/** End to end: the built client in real windows, service, gateway and OpenSSH as real processes. */
export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.ts',
  workers: ownDisplays ? 2 : 1,
  timeout: 240_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  outputDir: '../../test-results/e2e',
  // A trace without its film: painting every frame for it took a third of the tests' time.
  use: { screenshot: 'only-on-failure', trace: { mode: 'retain-on-failure', screenshots: false, sources: false, snapshots: true } },
});
