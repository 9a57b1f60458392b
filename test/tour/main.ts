import { resolve } from 'node:path';
import { chromium } from '@playwright/test';
import { pagesBrowser } from '../renderer/pages-browser.ts';
import { moreScenes, scenes } from '../renderer/scenes.ts';
import { Album } from './album.ts';
import { makeAppStops } from './app-stops.ts';
import { startPageHarness } from './page-harness-server.ts';
import { makeSceneStop } from './scene-stops.ts';

/** A picture of every page and window in three languages and two themes, in `tour/`; words narrow it to the stops whose title has one of them. */
const words = process.argv.slice(2).map((word) => word.toLowerCase());
const wanted = (title: string): boolean => words.length === 0 || words.some((word) => title.toLowerCase().includes(word));
const album = new Album(resolve(import.meta.dirname, '../../tour'));
const chosen = [...scenes, ...moreScenes].filter(({ name }) => wanted(name));

if (chosen.length > 0) {
  const server = await startPageHarness();
  const browser = await chromium.launch(pagesBrowser);
  try {
    for (const scene of chosen) await makeSceneStop(browser, server.url, scene, album);
  } finally {
    await browser.close();
    await server.stop();
  }
}
// The way through the app is one: a part of it cannot be reached without the others.
if (words.length === 0 || words.some((word) => word.startsWith('app'))) await makeAppStops({ album, wanted });
const index = album.writeIndex();
console.log(album.failed.length === 0 ? `tour: ${String(album.made)} stops; ${index}` : `tour: ${String(album.failed.length)} of ${String(album.made)} stops failed; ${index}`);
process.exit(album.failed.length === 0 && album.made > 0 ? 0 : 1);
