import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Browser, chromium } from '@playwright/test';
import { pagesBrowser } from '../renderer/pages-browser.ts';
import { moreScenes, scenes } from '../renderer/scenes.ts';
import { Album } from './album.ts';
import { makeAppStops } from './app-stops.ts';
import { guidePictures } from './guide-picture-list.ts';
import { makeGuidePicture } from './guide-pictures.ts';
import { startPageHarness } from './page-harness-server.ts';
import { makeSceneStop } from './scene-stops.ts';

/** `tour [WORD…]`: a picture of every page and window in three languages and two themes, in `tour/`; words narrow it to the stops whose title has one of them. `tour guides` renews the pictures of the guides instead. */
const repository = resolve(import.meta.dirname, '../..');
const allScenes = [...scenes, ...moreScenes];

async function withPages(work: (browser: Browser, url: string) => Promise<void>): Promise<void> {
  const server = await startPageHarness();
  const browser = await chromium.launch(pagesBrowser);
  try {
    await work(browser, server.url);
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Gives the code to end with: 1 where a stop failed, or where the words name none. */
async function makeTour(words: readonly string[]): Promise<number> {
  const wanted = (title: string): boolean => words.length === 0 || words.some((word) => title.toLowerCase().includes(word));
  const album = new Album(join(repository, 'tour'), words.length === 0);
  const chosen = allScenes.filter(({ name }) => wanted(name));
  if (chosen.length > 0) {
    await withPages(async (browser, url) => {
      for (const scene of chosen) await makeSceneStop(browser, url, scene, album);
    });
  }
  // The way through the app is one: a part of it cannot be reached without the others.
  if (words.length === 0 || words.some((word) => word.startsWith('app'))) await makeAppStops({ album, wanted });
  const index = album.writeIndex();
  console.log(album.failed.length === 0 ? `tour: ${String(album.made)} stops; ${index}` : `tour: ${String(album.failed.length)} of ${String(album.made)} stops failed; ${index}`);
  return album.failed.length === 0 && album.made > 0 ? 0 : 1;
}

/** Writes the pictures of the guides anew; what is no longer among them goes. */
async function makeGuidePictures(): Promise<number> {
  const folder = join(repository, 'docs', 'pictures');
  const made = new Map<string, Buffer>();
  await withPages(async (browser, url) => {
    for (const picture of guidePictures) {
      const scene = allScenes.find(({ name }) => name === picture.scene);
      if (!scene) throw new Error(`${picture.file}: there is no scene “${picture.scene}”`);
      for (const language of picture.languages) {
        const name = language === 'en' ? picture.file : join(language, picture.file);
        const png = await makeGuidePicture(browser, url, scene, picture, language);
        made.set(name, png);
        console.log(`tour: docs/pictures/${name}, ${(png.length / 1000).toFixed(1)} kB`);
      }
    }
  });
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  for (const [name, png] of made) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), png);
  }
  return 0;
}

const words = process.argv.slice(2).map((word) => word.toLowerCase());
process.exit(words[0] === 'guides' ? await makeGuidePictures() : await makeTour(words));
