import { defineConfig } from '@playwright/test';
import pages from '../renderer/playwright.config.ts';

/** What is measured in the pages of `test/renderer`: after them, alone, as nothing else may disturb it, and whatever became of them. */
export default defineConfig(pages, { workers: 1, outputDir: '../../test-results/measured' });
