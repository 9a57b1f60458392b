import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { chromium } from '@playwright/test';
import { say } from '../set-up/plain-line.ts';
import { inRepository } from '../set-up/repository.ts';
import { runCommand } from '../set-up/set-up-error.ts';
import { type Draw, makeAssets } from './make-assets.ts';

/** Chromium of the system, or the one that is named. */
const EXECUTABLE = process.env['ELECTRON_STANDIN_CHROMIUM'] ?? '/usr/bin/chromium';

/** `npm run assets`: draws everything below assets/ anew from the one source picture. */
async function main(): Promise<number> {
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    const page = await browser.newPage();
    const draw: Draw = async (svg) => {
      const drawn = await page.evaluate(async (text) => {
        const image = new Image();
        image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = image.naturalWidth;
        canvas.height = image.naturalHeight;
        const context = canvas.getContext('2d', { willReadFrequently: true });
        if (!context) throw new Error('no canvas to draw on');
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        // As a list of four million numbers the largest would take minutes on its way.
        let binary = '';
        for (let at = 0; at < data.length; at += 8192) binary += String.fromCharCode(...data.subarray(at, at + 8192));
        return { width: canvas.width, height: canvas.height, png: canvas.toDataURL('image/png').split(',')[1] ?? '', pixels: btoa(binary) };
      }, svg);
      return { ...drawn, png: Buffer.from(drawn.png, 'base64'), pixels: Buffer.from(drawn.pixels, 'base64') };
    };
    const files = await makeAssets(readFileSync(inRepository('assets', 'source', 'mavis.svg'), 'utf8'), draw);
    for (const [name, bytes] of files) {
      const path = inRepository('assets', ...name.split('/'));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    say('Assets', `drew ${files.size} files below assets/.`);
    return 0;
  } finally {
    await browser.close();
  }
}

await runCommand(main);
