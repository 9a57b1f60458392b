import { expect } from '@playwright/test';
import { test } from './fixture.ts';

test('a window shows the page of the custom scheme, with its preload run first', async ({ page }) => {
  await expect(page.getByRole('heading', { name: 'Contract' })).toBeVisible();
  expect(await page.title()).toBe('Contract page');
  expect(await page.evaluate('window.fixture.ranBeforePage')).toBe(true);
  expect(await page.evaluate('window.fixture.isSandboxed')).toBe(true);
  expect(await page.evaluate('[innerWidth, innerHeight]')).toEqual([640, 480]);
});

test('typing and clicking go through invoke and handle', async ({ page }) => {
  await page.getByLabel('Text').click();
  await page.keyboard.type('Grüße 日本');
  await page.getByRole('button', { name: 'Press' }).click();
  await expect(page.locator('#out')).toHaveText('Grüße 日本');
});
