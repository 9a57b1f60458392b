/** xterm.js looks for the browser's idle callbacks in `window` as it is loaded, its headless form too; a worker has its own name for what is global. Imported before it. */
Object.assign(globalThis, { window: globalThis });
