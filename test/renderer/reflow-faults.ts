import type { Page } from '@playwright/test';

/**
 * What may need both directions of scrolling in a window that is 320 px wide (WCAG 2.2, 1.4.10): only what means something by its
 * width, each in a place of its own, so that nothing around it scrolls sideways.
 */
const twoDimensional: readonly { readonly place: string; readonly because: string }[] = [
  { place: '.player-area', because: 'a recorded terminal has as many columns as it had, at letters of 6 px at least; it scrolls by keyboard' },
  { place: '.session-screen', because: 'the grid of a terminal has whole rows and columns only, and what is left of its place is cut' },
];

/**
 * What a person does not get to see of a page in a narrow window: what scrolls sideways and is not among `twoDimensional`, words that are cut
 * without dots or whose whole is nowhere, and words outside of the window. A list that must be empty.
 */
export function reflowFaults(page: Page): Promise<string[]> {
  return page.evaluate((exceptions) => {
    const faults = new Set<string>();
    /** What the engine draws at the end of a list of choices. */
    const ARROW_PX = 16;
    const shown = (element: Element): boolean => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !element.closest('.visually-hidden, .skip, .seek-marks, [aria-hidden="true"], [inert]');
    const nameOf = (element: Element): string => `${element.tagName.toLowerCase()}.${element.getAttribute('class') ?? ''} “${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 50)}”`;
    const excepted = (element: Element): boolean => exceptions !== '' && element.closest(exceptions) !== null;
    /** For screen readers alone: a pixel that is clipped away. */
    const hiddenFromEye = (element: Element): boolean => {
      for (let around: Element | null = element; around; around = around.parentElement) if (getComputedStyle(around).clipPath === 'inset(50%)') return true;
      return false;
    };
    const endsInDots = (element: Element | null): boolean => element !== null && (getComputedStyle(element).textOverflow === 'ellipsis' || (getComputedStyle(element).display === 'inline' && endsInDots(element.parentElement)));
    const open = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;

    for (const element of [document.documentElement, document.body, ...open.querySelectorAll('*')]) {
      if (!(element instanceof HTMLElement) || !shown(element) || excepted(element) || hiddenFromEye(element)) continue;
      const { overflowX, overflowY, textOverflow, display } = getComputedStyle(element);
      if (display.startsWith('inline') && !display.includes('-') || display === 'contents') continue;
      const wider = element.scrollWidth - element.clientWidth;
      if (wider > 1 && element.clientWidth > 0 && !element.matches('input, select')) {
        if (overflowX === 'auto' || overflowX === 'scroll') faults.add(`${nameOf(element)} scrolls sideways by ${wider} px`);
        else if (overflowX === 'visible') faults.add(`${nameOf(element)} holds what is ${wider} px wider than it`);
        else if (textOverflow !== 'ellipsis') faults.add(`${nameOf(element)} cuts ${wider} px off at its side`);
        // A list's row opens its whole.
        else if (!element.closest('[title], [role="row"], tr, [role="option"]')) faults.add(`${nameOf(element)} ends in dots, and its whole is nowhere`);
      }
      const higher = element.scrollHeight - element.clientHeight;
      // Fonts reach over their lines by some pixels.
      if (higher > 4 && element.clientHeight > 0 && !element.matches('input, select, textarea')) {
        if (overflowY === 'hidden' || overflowY === 'clip') faults.add(`${nameOf(element)} cuts ${higher} px off below`);
        else if ((overflowY === 'auto' || overflowY === 'scroll') && element.clientHeight < 48) faults.add(`${nameOf(element)} scrolls in ${element.clientHeight} px, which is too low to read in`);
      }
    }

    const { scrollHeight } = document.documentElement;
    if (scrollHeight > innerHeight + 1) faults.add(`the window holds what is ${scrollHeight - innerHeight} px higher than it, and its pages scroll by themselves`);

    const canvas = document.createElement('canvas').getContext('2d');
    for (const select of open.querySelectorAll('select')) {
      if (!shown(select) || !canvas) continue;
      const { font, paddingLeft, paddingRight } = getComputedStyle(select);
      canvas.font = font;
      const words = canvas.measureText(select.selectedOptions[0]?.textContent ?? '').width;
      const room = select.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight) - ARROW_PX;
      if (words > room + 4) faults.add(`${nameOf(select)} shows ${Math.round(room)} of ${Math.round(words)} px of its choice`);
    }

    const walker = document.createTreeWalker(open, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const holder = node.parentElement;
      if (!holder || (node.textContent ?? '').trim() === '' || !shown(holder) || excepted(holder) || hiddenFromEye(holder) || holder.closest('option, script, style')) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const { left, right } = range.getBoundingClientRect();
      const dots = endsInDots(holder);
      if (right - left > 0 && (left < -1 || (right > innerWidth + 1 && !dots))) faults.add(`the words of ${nameOf(holder)} lie outside of the window, from ${Math.round(left)} to ${Math.round(right)} px`);
    }
    return [...faults];
  }, twoDimensional.map(({ place }) => place).join(', '));
}

/** Gives text the spacing that a person may set without loss (WCAG 2.2, 1.4.12), or takes it back; Japanese and Chinese have no use for the spacing of letters and words. */
export async function spaceText(page: Page, spaced: boolean): Promise<void> {
  await page.evaluate(async (wanted) => {
    const sheet = new CSSStyleSheet();
    await sheet.replace('* { line-height: 1.5 !important; } html:lang(en) * { letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p + p { margin-top: 2em !important; }');
    document.adoptedStyleSheets = wanted ? [sheet] : [];
  }, spaced);
}

/** Controls that get the focus and are wholly under something else (WCAG 2.2, 2.4.11). It moves the focus, which closes what is open over the page. */
export function focusUnderSomething(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const faults = new Set<string>();
    const open = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
    const controls = [...open.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, summary, [tabindex="0"]')];
    // Down and up again: what sticks to the top lies over what comes from below it.
    for (const control of [...controls, ...controls.toReversed()]) {
      if (!control.isConnected || control.matches(':disabled') || control.closest('.visually-hidden, .xterm, [inert]') || !control.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      if (control.tabIndex < 0) continue;
      control.blur();
      control.focus();
      // What closes when the focus leaves it is gone then.
      await new Promise((done) => setTimeout(done));
      if (document.activeElement !== control) continue;
      // As the focus does itself: what a page was still waiting for may have come between, and moved it.
      control.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      const shown = control.closest('label') ?? control;
      // What is larger than the window, as a list that scrolls, is seen where it begins.
      const { left, top, right, bottom } = shown.getBoundingClientRect();
      const across = [0.1, 0.5, 0.9].map((part) => Math.max(left, 0) + (Math.min(right, innerWidth) - Math.max(left, 0)) * part);
      const down = [0.1, 0.5, 0.9].map((part) => Math.max(top, 0) + (Math.min(bottom, innerHeight) - Math.max(top, 0)) * part);
      const seen = across.some((x) => down.some((y) => {
        const hit = document.elementFromPoint(x, y);
        return hit !== null && (shown.contains(hit) || hit.contains(shown));
      }));
      if (!seen) faults.add(`${control.tagName.toLowerCase()}.${control.className} “${(control.getAttribute('aria-label') ?? control.textContent ?? '').trim().slice(0, 40)}” has the focus, and is not seen`);
    }
    return [...faults];
  });
}
