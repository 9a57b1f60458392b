import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { z } from 'zod';
import type { StoreName } from '../../shared/ipc/stores.ts';
import { createLanguageTools } from '../language/language-tools.ts';
import { reportFaults } from '../mavis/page-faults.ts';
import { PartsProvider } from '../stores/parts.tsx';
import { StoreFeed } from '../stores/store-feed.ts';
import { ErrorBoundary } from './error-boundary.tsx';

/** The composition root of every window: makes the stores' feed and the language tools, renders the view, ends the feed with the page. */
export function startWindow(view: ReactNode, stores: readonly StoreName[]): void {
  // The content security policy forbids code from text, which zod would try for speed.
  z.config({ jitless: true });
  reportFaults(window.mavis);
  const feed = new StoreFeed(window.mavis, stores);
  window.addEventListener('pagehide', () => feed.stop(), { once: true });
  const element = document.querySelector('#root');
  if (!element) throw new Error('the page has no place to render to');
  createRoot(element).render(
    <PartsProvider parts={{ mavis: window.mavis, stores: feed.stores, language: createLanguageTools() }}>
      <ErrorBoundary>{view}</ErrorBoundary>
    </PartsProvider>,
  );
  void feed.start();
}
