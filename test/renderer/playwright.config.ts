import { defineConfig } from '@playwright/test';
import { trace } from '../fixtures/trace.ts';
import { pagesBrowser } from './pages-browser.ts';

/** Where the harness is served; another where two runs share a machine. Workers get it from the environment. */
const port = (process.env['MAVIS_PAGE_HARNESS_PORT'] ??= '5199');

/** The pages in a real browser with scripted data, under the app's own content security policy. */
export default defineConfig({
  testDir: '.',
  // Each page has a browser window that no display shows: two at a time keep two cores at work. What measures comes after them, alone (`test/measured`).
  workers: 2,
  fullyParallel: true,
  projects: [{ name: 'pages', testMatch: '*.spec.ts' }],
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  outputDir: '../../test-results/renderer',
  use: {
    baseURL: `http://127.0.0.1:${port}/`,
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    trace,
    launchOptions: pagesBrowser,
  },
  webServer: {
    cwd: import.meta.dirname,
    command: [`"${process.execPath}" ../../node_modules/vite/bin/vite.js build -c page-harness/vite.config.ts --logLevel warn`, `"${process.execPath}" ../../node_modules/vite/bin/vite.js preview -c page-harness/vite.config.ts`].join(' && '),
    url: `http://127.0.0.1:${port}/main-window.html`,
    timeout: 120_000,
    reuseExistingServer: false,
  },
});
