import { expect, type Page, test } from '@playwright/test';
import { axeFindings } from '../fixtures/axe-findings.ts';
import { openDiagnosis, openMain, openPage, openSession } from './open-page.ts';

/**
 * In every run each scene is read in one of three looks, which take turns, so that each theme and each language is read on a third of
 * the scenes: axe takes most of this file's time, colours are the same in every language, and what has a name has it in every theme.
 * In the long run every scene in every language, in light and dark, and in high contrast.
 */
const everyLook = [...(['light', 'dark'] as const).flatMap((theme) => (['en', 'ja', 'zh-Hant'] as const).map((language) => ({ theme, language }))), { theme: 'high-contrast', language: 'en' }] as const;
const turns = [{ theme: 'light', language: 'en' }, { theme: 'dark', language: 'ja' }, { theme: 'high-contrast', language: 'zh-Hant' }] as const;
const looksAt = (place: number) => (process.env['MAVIS_LONG'] === '1' ? everyLook : turns.filter((_look, turn) => turn === place % turns.length));

interface Scene {
  readonly name: string;
  readonly open: (page: Page) => Promise<unknown>;
}

const menu = (name: string, place: number, then?: (page: Page) => Promise<void>, scene?: string): Scene => ({
  name,
  open: async (page) => {
    await openMain(page, scene === undefined ? {} : { scene });
    await openPage(page, place);
    await then?.(page);
  },
});
const session = (scene: string): Scene => ({ name: `session: ${scene}`, open: (page) => openSession(page, scene) });

const scenes: readonly Scene[] = [
  { name: 'sign-in', open: (page) => openMain(page, { scene: 'sign-in' }) },
  { name: 'sign-in refused', open: (page) => openMain(page, { scene: 'sign-in-failed' }) },
  {
    name: 'add a profile',
    open: async (page) => {
      await openMain(page, { scene: 'no-profile' });
      await page.getByRole('button', { name: 'Add profile' }).click();
      await page.getByLabel('Service address').fill('https://mavis.example');
      await page.getByRole('button', { name: 'Check certificate' }).click();
      await expect(page.getByText('SHA256:')).toBeVisible();
    },
  },
  { name: 'must change the password', open: (page) => openMain(page, { scene: 'must-change' }) },
  {
    name: 'resources, with details and help',
    open: async (page) => {
      await openMain(page);
      await page.getByRole('grid').focus();
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'How to search' }).click();
      await expect(page.getByRole('complementary')).toBeVisible();
    },
  },
  { name: 'resources as cards', open: (page) => openMain(page, { view: 'cards' }) },
  { name: 'resources failed', open: (page) => openMain(page, { scene: 'inventory-failed' }) },
  {
    name: 'resources in a small window, with segments and Tunnel',
    open: async (page) => {
      await page.setViewportSize({ width: 640, height: 480 });
      await openMain(page, { scene: 'tunnel-on' });
      await expect(page.getByText('Tunnel: your connections')).toBeVisible();
      await page.getByRole('contentinfo').getByRole('button').first().click();
    },
  },
  {
    name: 'session: forwarding, with what it means',
    open: async (page) => {
      await openSession(page, 'forwarding');
      await page.locator('.forwarding-mark').first().click();
    },
  },
  menu('sessions', 1),
  menu('recordings', 2, (page) => expect(page.getByRole('row').nth(3)).toBeVisible()),
  menu('player', 2, async (page) => {
    await page.getByRole('row').nth(1).getByRole('button').last().click();
    await page.getByRole('button', { name: 'Verify' }).click();
    await expect(page.getByRole('slider')).toBeVisible();
  }),
  menu('audit log', 3, async (page) => {
    await page.getByRole('row', { name: 'connection.ended' }).first().click();
    await page.getByRole('button', { name: 'More filters' }).click();
    await page.getByRole('combobox', { name: 'Time' }).selectOption('own');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await expect(page.getByRole('complementary')).toBeVisible();
  }),
  menu('error log', 4, (page) => expect(page.getByRole('row').nth(3)).toBeVisible()),
  menu('gateways, with help, details and Tunnel', 5, async (page) => {
    await page.getByRole('button', { name: 'What to do' }).first().click();
    await page.getByRole('button', { name: 'tokyo-gw-1' }).click();
    await expect(page.getByRole('img', { name: /24 hours/ })).toBeVisible();
    await page.getByText('Tunnel', { exact: true }).click();
    await expect(page.getByRole('form', { name: 'Tunnel' })).toBeVisible();
  }, 'tunnel-none'),
  { name: 'no gateway yet', open: async (page) => { await openMain(page, { scene: 'gateways-empty' }); await openPage(page, 5); } },
  menu('users, one chosen', 6, async (page) => {
    await page.getByRole('button', { name: 'partner-acme' }).click();
    await expect(page.getByRole('complementary')).toBeVisible();
  }),
  menu('a user is added', 6, (page) => page.getByRole('button', { name: 'Add user' }).click()),
  menu('access rules, tried', 7, async (page) => {
    await page.getByRole('combobox', { name: 'User' }).fill('k.lin');
    await page.getByLabel('Resource', { exact: true }).fill('tokyo-db-00009');
    await page.getByRole('button', { name: 'Try the rules' }).click();
    await expect(page.getByText('Allowed by')).toBeVisible();
  }),
  menu('an access rule is changed', 7, async (page) => {
    await page.getByRole('button', { name: 'Change the rule Vendors to AWS' }).click();
    await expect(page.getByText('42 resources')).toBeVisible();
  }),
  menu('target credentials, one chosen that is in use', 8, async (page) => {
    await page.getByRole('row').nth(1).click();
    await page.getByRole('complementary').getByRole('button').nth(2).click();
    await page.getByRole('dialog').getByRole('button').last().click();
    await expect(page.getByRole('complementary').getByRole('alert')).toBeVisible();
  }),
  menu('a credential is added, its key in a file', 8, async (page) => {
    await page.locator('.page-head .button-primary').click();
    await page.getByRole('dialog').getByRole('combobox').selectOption('private-key');
    await page.locator('.credential-choose').click();
    await expect(page.getByText('id_ed25519')).toBeVisible();
  }),
  menu('diagnostics, with a check opened', 9, async (page) => {
    await page.getByRole('button', { name: /Port 7993, gw-osaka-1/ }).click();
    await page.getByText('Commands to open the ports').click();
  }),
  menu('reports sent, with one opened', 9, async (page) => {
    await page.getByRole('button', { name: 'Reports sent' }).click();
    await page.getByRole('button', { name: 'ports-dropped, disk-full' }).click();
    await expect(page.getByText('A firewall drops what this computer sends')).toBeVisible();
  }),
  menu('a report to hand over', 9, async (page) => {
    await page.getByRole('button', { name: 'Report…' }).click();
    await page.getByRole('button', { name: 'Send to the helpdesk' }).click();
    await expect(page.getByText('Sent. Tell the helpdesk')).toBeVisible();
  }),
  { name: 'diagnostics under way', open: async (page) => { await openMain(page, { scene: 'diagnostics-running' }); await openPage(page, 9); } },
  { name: 'diagnostics before the sign-in', open: async (page) => { await openMain(page, { scene: 'sign-in' }); await page.getByRole('button', { name: 'Diagnostics' }).click(); } },
  {
    name: 'a diagnosis window, small, with a check opened',
    open: async (page) => {
      await page.setViewportSize({ width: 480, height: 360 });
      await openDiagnosis(page);
      await page.getByRole('button', { name: /Port 7993, gw-osaka-1/ }).click();
    },
  },
  menu('settings', 9),
  menu('settings, managed and imported', 10, async (page) => {
    await page.locator('.settings-file-tools button').nth(1).click();
    await expect(page.locator('.settings .notice-warn')).toBeVisible();
  }, 'managed'),
  {
    name: 'command palette',
    open: async (page) => {
      await openMain(page);
      await page.evaluate(() => window.harness.action('palette.open'));
      await page.keyboard.type('a');
      await expect(page.getByRole('option').first()).toBeVisible();
    },
  },
  {
    name: 'list of shortcuts',
    open: async (page) => {
      await openMain(page);
      await page.evaluate(() => window.harness.action('help.shortcuts'));
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  },
  session('connecting'),
  session('prompt'),
  session('credentials'),
  session('failed'),
  session('failed-access'),
  session('connected'),
  session('ends-soon'),
  session('interrupted'),
  session('ended'),
];

// Up to seven looks a scene, each read through by axe: a minute and more where other tests share the cores.
test.setTimeout(240_000);

test.describe('axe finds nothing, in three languages and every theme', () => {
  for (const [place, scene] of scenes.entries()) {
    test(scene.name, async ({ page }) => {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await scene.open(page);
      for (const { theme, language } of looksAt(place)) {
        await page.evaluate(([shownTheme, shownLanguage]) => {
          window.harness.patch('settings', ['theme'], shownTheme);
          window.harness.patch('settings', ['language'], shownLanguage);
        }, [theme, language] as const);
        await expect(page.locator(`html[lang="${language}"][data-theme="${theme}"]`)).toBeAttached();
        const found = (await axeFindings(page)).map((finding) => `${theme} ${language} ${finding}`);
        expect(found).toEqual([]);
      }
    });
  }
});

test('where the system asks for less motion nothing is seen to move: no animation runs on, no transition takes time', async ({ page }) => {
  const moving = () => page.evaluate(() => [...document.querySelectorAll('*')].filter((element) => {
    const { animationName, animationDuration, animationIterationCount, transitionDuration } = getComputedStyle(element);
    const seconds = (text: string) => Math.max(...text.split(',').map((part) => Number.parseFloat(part) / (part.trim().endsWith('ms') ? 1000 : 1)));
    return (animationName !== 'none' && (seconds(animationDuration) > 0.001 || animationIterationCount === 'infinite')) || seconds(transitionDuration) > 0.001;
  }).length);
  await openMain(page, { scene: 'inventory-loading' });
  await expect(page.locator('.spinner').first()).toBeVisible();
  expect(await moving()).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await expect.poll(moving).toBe(0);
});
