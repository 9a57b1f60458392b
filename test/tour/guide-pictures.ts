import type { Browser, Page } from '@playwright/test';
import type { TextLanguage } from '../../shared/languages/translate.ts';
import type { Scene } from '../renderer/scenes.ts';
import type { GuidePicture } from './guide-picture-list.ts';
import { palettePicture } from './palette-picture.ts';
import { lookAt, openScenePage, settledPicture } from './scene-stops.ts';

/** Small enough to be read beside text. */
const WIDTH_PX = 1000;
const HEIGHT_PX = 640;
/** Around a part, so that its shadow and its edge are seen. */
const MARGIN_PX = 14;

/** Makes a picture of the guides in one language, light, as a PNG of few colours. */
export async function makeGuidePicture(browser: Browser, url: string, scene: Scene, { part, heightPx = HEIGHT_PX }: GuidePicture, language: TextLanguage): Promise<Buffer> {
  // A dialog that does not fit would scroll.
  const page = await openScenePage(browser, url, { width: WIDTH_PX, height: part === undefined ? heightPx : WIDTH_PX });
  try {
    await scene.open(page);
    await lookAt(page, { language, theme: 'light' });
    // Readers of a guide have a service of their own.
    await page.evaluate(() => {
      const notice = document.querySelector('.status-embedded');
      if (notice instanceof HTMLElement) notice.style.visibility = 'hidden';
    });
    const png = await settledPicture(page, part === undefined ? {} : { clip: await around(page, part) });
    return await withFewColours(page, png);
  } finally {
    await page.context().close();
  }
}

async function around(page: Page, part: string): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await page.locator(part).boundingBox();
  if (!box) throw new Error(`there is no ${part} to be seen`);
  return { x: box.x - MARGIN_PX, y: box.y - MARGIN_PX, width: box.width + 2 * MARGIN_PX, height: box.height + 2 * MARGIN_PX };
}

/** The browser reads its own picture; what is written has a palette. */
async function withFewColours(page: Page, png: Buffer): Promise<Buffer> {
  const { width, height, pixels } = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('no canvas to draw on');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let binary = '';
    for (let at = 0; at < data.length; at += 8192) binary += String.fromCharCode(...data.subarray(at, at + 8192));
    return { width: image.width, height: image.height, pixels: btoa(binary) };
  }, png.toString('base64'));
  return palettePicture(width, height, Buffer.from(pixels, 'base64'));
}
