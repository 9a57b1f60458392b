import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { contentSecurityPolicyOf } from '../../../src-main/app-protocol/content-security-policy.ts';

/** Each file has the policy that the app gives it. */
const policies: Plugin = {
  name: 'policies',
  configurePreviewServer: (server) => {
    server.middlewares.use((request, response, next) => {
      response.setHeader('Content-Security-Policy', contentSecurityPolicyOf((request.url ?? '').split('?', 1)[0] ?? ''));
      next();
    });
  },
};

/** Builds and serves the page harness under the same content security policy as the app's own pages. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react(), policies],
  build: {
    outDir: resolve(import.meta.dirname, '../../../out/page-harness'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    modulePreload: { polyfill: false },
    target: 'esnext',
    rollupOptions: { input: { 'main-window': resolve(import.meta.dirname, 'main-window.html'), 'session-window': resolve(import.meta.dirname, 'session-window.html'), 'rdp-window': resolve(import.meta.dirname, 'rdp-window.html'), 'diagnosis-window': resolve(import.meta.dirname, 'diagnosis-window.html') } },
  },
  worker: { format: 'es', rollupOptions: { output: { entryFileNames: 'assets/[name].js' } } },
  preview: { port: Number(process.env['MAVIS_PAGE_HARNESS_PORT'] ?? 5199), strictPort: true, host: '127.0.0.1' },
});
