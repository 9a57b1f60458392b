import { existsSync } from 'node:fs';

/**
 * The system's Chromium without windows of its own where there is one: it draws and runs pages as the other one does, and opens each
 * in a third of the processor's time. Else the system's Chromium, else Playwright's own.
 */
const systemChromium = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find((path) => existsSync(path));

/** How the browser is started in which pages with scripted data are looked at. */
export const pagesBrowser = { args: ['--no-sandbox', '--enable-unsafe-swiftshader'], ...(systemChromium === undefined ? {} : { executablePath: systemChromium }) };
