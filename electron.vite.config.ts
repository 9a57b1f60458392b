import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const root = import.meta.dirname;

/**
 * Builds the desktop client into out/: main process and session process as ES modules that load the packages of few files from
 * node_modules, the preload as one CommonJS file (a sandboxed preload can load nothing else), the pages for app://.
 * No source maps: what is shipped names no path of the machine that built it.
 */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      sourcemap: false,
      minify: false,
      // What is made of many small files is read far faster as part of ours: these took a third of the time until the app's first line ran.
      externalizeDeps: { exclude: ['zod', 'intl-messageformat'] },
      rollupOptions: {
        input: {
          main: resolve(root, 'src-main/main.ts'),
          'session-process': resolve(root, 'src-main/sessions/session-process.ts'),
          'index-worker': resolve(root, 'src-main/inventory/index-worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      sourcemap: false,
      minify: false,
      externalizeDeps: false,
      rollupOptions: {
        input: { preload: resolve(root, 'src-main/preload/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: resolve(root, 'src-renderer'),
    plugins: [react()],
    // Relative, so that the pages name their files the same way under app:// and in a folder.
    base: './',
    // The name is the worker's content security policy's (src-main/app-protocol).
    worker: { format: 'es', rollupOptions: { output: { entryFileNames: 'assets/[name].js' } } },
    build: {
      outDir: resolve(root, 'out/renderer'),
      sourcemap: false,
      // Each start reads and compiles all of it.
      minify: true,
      // Everything is a file of the bundle: the content security policy allows no inline script and no data: font.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: {
        input: { 'main-window': resolve(root, 'src-renderer/main-window.html'), 'session-window': resolve(root, 'src-renderer/session-window.html'), 'rdp-window': resolve(root, 'src-renderer/rdp-window.html'), 'diagnosis-window': resolve(root, 'src-renderer/diagnosis-window.html') },
      },
    },
  },
});
