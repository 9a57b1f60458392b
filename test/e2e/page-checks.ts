import type { Page } from '@playwright/test';
import type { OpenApp } from './launch-app.ts';

/** What a person would see wrong with a page at a look: all as lists that must be empty. */

/** Makes the page of a window so large, and waits until it is. */
export async function resizePage(app: OpenApp, page: Page, size: { readonly width: number; readonly height: number }): Promise<void> {
  const window = await app.electronApp.browserWindow(page);
  await window.evaluate((browserWindow, { width, height }) => browserWindow.setContentSize(width, height), size);
  await page.waitForFunction(({ width, height }) => innerWidth === width && innerHeight === height, size);
}

/** Where a page is wider than its window, a control lies over another one or outside of the window, or a button's words do not fit in it. */
export function layoutFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    interface Seen {
      readonly element: Element;
      readonly name: string;
      readonly layer: Element;
      readonly left: number;
      readonly top: number;
      readonly right: number;
      readonly bottom: number;
    }
    const faults: string[] = [];
    const root = document.documentElement;
    for (const element of [root, document.body, ...document.querySelectorAll('main, .page, .page-head, .status-bar, .session-head')]) {
      if (element.scrollWidth > element.clientWidth + 1 && !getComputedStyle(element).overflowX.match(/hidden|clip/)) faults.push(`${element.tagName}.${element.className} is ${element.scrollWidth - element.clientWidth} px wider than its place`);
    }
    if (scrollX !== 0 || root.scrollWidth > innerWidth) faults.push('the page scrolls sideways');

    /** What lies over the page on purpose: a dialog, a menu, a panel. Only controls of one layer may not lie over each other. */
    const layerOf = (element: Element): Element => {
      for (let around: Element | null = element; around; around = around.parentElement) {
        const { position, zIndex } = getComputedStyle(around);
        if (around.matches('dialog') || (position !== 'static' && zIndex !== 'auto')) return around;
      }
      return root;
    };
    /** The part of an element that can be seen: what its scrolling and clipping ancestors leave of it. */
    const seen = (element: Element): Seen => {
      let { left, top, right, bottom } = element.getBoundingClientRect();
      for (let around = element.parentElement; around; around = around.parentElement) {
        const { overflowX, overflowY } = getComputedStyle(around);
        if (overflowX === 'visible' && overflowY === 'visible') continue;
        const bounds = around.getBoundingClientRect();
        left = Math.max(left, bounds.left);
        top = Math.max(top, bounds.top);
        right = Math.min(right, bounds.right);
        bottom = Math.min(bottom, bounds.bottom);
      }
      const name = `${element.tagName.toLowerCase()} “${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)}”`;
      return { element, name, layer: layerOf(element), left, top, right, bottom };
    };
    const controls = Array.from(document.querySelectorAll('button, a[href], input:not([type="radio"]), select, .segmented-item, .status-fact, .badge'))
      .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest('.visually-hidden, .skip, .seek-mark, [aria-hidden="true"]'))
      .map(seen)
      .filter(({ left, top, right, bottom }) => right - left > 1 && bottom - top > 1);
    for (const one of controls) {
      if (one.left < -1 || one.right > innerWidth + 1) faults.push(`${one.name} lies outside of the window`);
      if (one.element.matches('button') && one.element.scrollWidth > one.element.clientWidth + 1) faults.push(`the words of ${one.name} do not fit in it`);
      for (const other of controls) {
        // The button that shows a password stands in its field.
        if (one.element.closest('.password') !== null && one.element.parentElement === other.element.parentElement) continue;
        if (one.layer !== other.layer) continue;
        if (other === one || one.element.contains(other.element) || other.element.contains(one.element)) continue;
        const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (width > 1 && height > 1) faults.push(`${one.name} and ${other.name} lie over each other by ${Math.round(width)}x${Math.round(height)} px`);
      }
    }
    return faults;
  });
}

/** The layout's faults that stay: parts that measure themselves follow a new size, theme or language of their page by some frames, which a busy machine draws late. */
export async function settledLayoutFaults(page: Page): Promise<string[]> {
  let faults = await layoutFaults(page);
  for (let frames = 0; faults.length > 0 && frames < 60; frames += 1) {
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    faults = await layoutFaults(page);
  }
  return faults;
}

/** Latin words of a page that are neither names (`known`) nor words that every language writes in Latin letters. */
export async function latinWords(page: Page, known: readonly string[]): Promise<string[]> {
  const texts = await page.evaluate(() => {
    // Monospaced things are data (addresses, kinds, references, examples of the filter); the terminal is the target's.
    const data = '.xterm, .files-name bdi, .files-crumb, .seek-mark, .mono, code, kbd, .tag, .log-facts, [lang]:not(html), .settings-sample, input, script, style, .session-title';
    const found: string[] = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) if (!node.parentElement?.closest(data)) found.push(node.textContent ?? '');
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [aria-description]')) {
      if (element.closest('.xterm, .seek-mark, .tag, .mono, code, .files-name, .files-crumb')) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'aria-description']) found.push(element.getAttribute(name) ?? '');
    }
    return found;
  });
  const names = [...known].sort((one, other) => other.length - one.length);
  const left = new Set<string>();
  for (const text of texts) {
    const bare = names.reduce((rest, name) => rest.replaceAll(name, ' '), text).replaceAll(ALLOWED, ' ');
    for (const word of bare.match(/[A-Za-z]{2,}/g) ?? []) left.add(`${word} (in “${text.trim().slice(0, 80)}”)`);
  }
  return [...left];
}

/** Product, protocols, programs, systems, keys, formats, units, actions of the filter: the same letters in every language. */
const ALLOWED = /\b(?:MAVIS|Desktop|Gateway|Gateways|TCP|SSH|SFTP|VNC|RDP|Linux|Windows|macOS|Unix|IT|Enter|Esc|Space|Ctrl|Shift|Alt|Delete|Home|End|Tab|Caps Lock|asciicast|WebM|English|CSV|JSON Lines|JSON|PAC|HTTP|X11|Tunnel|https?|SHA256|SHA-256|px|ms|Mb|kB|KB|MB|GB|byte|Solarized Dark|Electron|Chromium|Node|linux|sftp|scp|rsync|tag|os|test|MV-[0-9A-Z-]+|MV|ssh|admin|mavis-service|[0-9a-f-]{36}|[a-z]+\.[a-z-]+)\b/g;
