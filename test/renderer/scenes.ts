import { expect, type Page } from '@playwright/test';
import { menuPages, type PageId } from '../../src-renderer/frame/pages.ts';
import { openDiagnosis, openMain, openPage, openSession, output } from './open-page.ts';

/** A state of a window that is worth a look: axe reads it, of `moreScenes` in the long run, and `npm run tour` takes its picture. Opened in English, light and large; the look changes after. */
export interface Scene {
  readonly name: string;
  /** The page of the menu that it shows. */
  readonly page?: PageId;
  readonly open: (page: Page) => Promise<unknown>;
}

/** Goes to a page of the menu, whatever the language; an administrator has all of them. */
const openMenuPage = (page: Page, id: PageId): Promise<void> => openPage(page, menuPages.findIndex((one) => one.id === id));

const menu = (name: string, id: PageId, then?: (page: Page) => Promise<unknown>, scene?: string): Scene => ({
  name,
  page: id,
  open: async (page) => {
    await openMain(page, scene === undefined ? {} : { scene });
    await openMenuPage(page, id);
    await then?.(page);
  },
});
const session = (scene: string): Scene => ({ name: `session: ${scene}`, open: (page) => openSession(page, scene) });

/** What the shell of a session shows. */
const PROMPT = '\u001B[1;32moperator@tokyo-db-00009\u001B[0m:\u001B[1;34m~\u001B[0m$ ';
const SHELL = [
  `${PROMPT}ls -l`,
  'total 16',
  'drwxr-xr-x 4 operator operator 4096 Nov 20 07:02 \u001B[1;34mreports\u001B[0m',
  '-rw-r--r-- 1 operator operator  812 Nov 23 09:12 注文一覧.csv',
  '-rw-r--r-- 1 operator operator 4120 Nov 22 18:40 備份清單.txt',
  `${PROMPT}uptime`,
  ' 09:30:00 up 41 days,  6:02,  1 user,  load average: 0.08, 0.12, 0.10',
  PROMPT,
].join('\r\n');

/** What axe reads in `accessibility.spec.ts`. */
export const scenes: readonly Scene[] = [
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
  { name: 'resources', page: 'resources', open: (page) => openMain(page) },
  { name: 'resources as cards', page: 'resources', open: (page) => openMain(page, { view: 'cards' }) },
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
  menu('sessions', 'sessions', (page) => expect(page.getByRole('row').nth(1)).toBeVisible()),
  menu('recordings', 'recordings', (page) => expect(page.getByRole('row').nth(3)).toBeVisible()),
  menu('player', 'recordings', async (page) => {
    await page.getByRole('row').nth(1).getByRole('button').last().click();
    await page.getByRole('button', { name: 'Verify' }).click();
    await expect(page.getByRole('slider')).toBeVisible();
  }),
  {
    name: 'player of a desktop',
    page: 'recordings',
    open: async (page) => {
      await openMain(page, { recording: 'rdp' });
      await openMenuPage(page, 'recordings');
      await page.getByRole('row').nth(1).getByRole('button').last().click();
      await expect(page.getByRole('slider')).toBeVisible();
    },
  },
  menu('audit log', 'audit', async (page) => {
    await page.getByRole('row', { name: 'connection.ended' }).first().click();
    await page.getByRole('button', { name: 'More filters' }).click();
    await page.getByRole('combobox', { name: 'Time' }).selectOption('own');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await expect(page.getByRole('complementary')).toBeVisible();
  }),
  menu('error log', 'errors', (page) => expect(page.getByRole('row').nth(3)).toBeVisible()),
  menu('gateways, with help, details and Tunnel', 'gateways', async (page) => {
    await page.getByRole('button', { name: 'What to do' }).first().click();
    await page.getByRole('button', { name: 'tokyo-gw-1' }).click();
    await expect(page.getByRole('img', { name: /24 hours/ })).toBeVisible();
    await page.getByText('Tunnel', { exact: true }).click();
    await expect(page.getByRole('form', { name: 'Tunnel' })).toBeVisible();
  }, 'tunnel-none'),
  { name: 'no gateway yet', open: async (page) => { await openMain(page, { scene: 'gateways-empty' }); await openMenuPage(page, 'gateways'); } },
  menu('users, one chosen', 'users', async (page) => {
    await page.getByRole('button', { name: 'partner-acme' }).click();
    await expect(page.getByRole('complementary')).toBeVisible();
  }),
  menu('a user is added', 'users', (page) => page.getByRole('button', { name: 'Add user' }).click()),
  menu('access rules, tried', 'rules', async (page) => {
    await page.getByRole('combobox', { name: 'User' }).fill('k.lin');
    await page.getByLabel('Resource', { exact: true }).fill('tokyo-db-00009');
    await page.getByRole('button', { name: 'Try the rules' }).click();
    await expect(page.getByText('Allowed by')).toBeVisible();
    await expect(page.getByRole('row').nth(1)).toBeVisible();
  }),
  menu('an access rule is changed', 'rules', async (page) => {
    await page.getByRole('button', { name: 'Change the rule Vendors to AWS' }).click();
    await expect(page.getByText('42 resources')).toBeVisible();
  }),
  menu('target credentials, one chosen that is in use', 'credentials', async (page) => {
    await page.getByRole('row').nth(1).click();
    await page.getByRole('complementary').getByRole('button').nth(2).click();
    await page.getByRole('dialog').getByRole('button').last().click();
    await expect(page.getByRole('complementary').getByRole('alert')).toBeVisible();
  }),
  menu('a credential is added, its key in a file', 'credentials', async (page) => {
    await page.locator('.page-head .button-primary').click();
    await page.getByRole('dialog').getByRole('combobox').selectOption('private-key');
    await page.locator('.credential-choose').click();
    await expect(page.getByText('id_ed25519')).toBeVisible();
  }),
  menu('diagnostics, with a check opened', 'diagnostics', async (page) => {
    await page.getByRole('button', { name: /Port 7993, gw-osaka-1/ }).click();
    await page.getByText('Commands to open the ports').click();
  }),
  menu('reports sent, with one opened', 'diagnostics', async (page) => {
    await page.getByRole('button', { name: 'Reports sent' }).click();
    await page.getByRole('button', { name: 'ports-dropped, disk-full' }).click();
    await expect(page.getByText('A firewall drops what this computer sends')).toBeVisible();
  }),
  menu('a report to hand over', 'diagnostics', async (page) => {
    await page.getByRole('button', { name: 'Report…' }).click();
    await page.getByRole('button', { name: 'Send to the helpdesk' }).click();
    await expect(page.getByText('Sent. Tell the helpdesk')).toBeVisible();
  }),
  { name: 'diagnostics under way', open: async (page) => { await openMain(page, { scene: 'diagnostics-running' }); await openMenuPage(page, 'diagnostics'); } },
  { name: 'diagnostics before the sign-in', open: async (page) => { await openMain(page, { scene: 'sign-in' }); await page.getByRole('button', { name: 'Diagnostics' }).click(); } },
  {
    name: 'a diagnosis window, small, with a check opened',
    open: async (page) => {
      await page.setViewportSize({ width: 480, height: 360 });
      await openDiagnosis(page);
      await page.getByRole('button', { name: /Port 7993, gw-osaka-1/ }).click();
    },
  },
  menu('settings, managed and imported', 'settings', async (page) => {
    await page.locator('.settings-file-tools button').nth(1).click();
    await expect(page.locator('.settings .notice-warn')).toBeVisible();
  }, 'managed'),
  {
    name: 'command palette',
    open: async (page) => {
      await openMain(page);
      await page.evaluate(() => window.harness.action('palette.open'));
      await expect(page.getByRole('dialog').getByRole('combobox')).toBeFocused();
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
  {
    name: 'session: connected',
    open: async (page) => {
      await openSession(page, 'connected');
      await output(page, SHELL);
    },
  },
  {
    name: 'session: a desktop with its keys',
    open: async (page) => {
      await openSession(page, 'desktop-vnc');
      await page.locator('.key-menu button').first().click();
      await expect(page.getByRole('menu')).toBeVisible();
    },
  },
  {
    name: 'session: a VNC desktop to look at, in a narrow window',
    open: async (page) => {
      await page.setViewportSize({ width: 640, height: 480 });
      await openSession(page, 'desktop-vnc-look');
    },
  },
  session('desktop-rdp-watching'),
  session('ends-soon'),
  session('interrupted'),
  session('ended'),
];

/** The sections of the settings page, in its order. */
export const SETTINGS_SECTIONS = ['appearance', 'system', 'terminal', 'ssh', 'updates', 'file', 'about'] as const;

const GATEWAY_LINE = 'mavis-gateway-key-1 MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq3Vn8Zt1KfWmR5xLcY7uJ0hPdGs2BoTe9aQiXk4NvHw6MrCzD8yUEp1FjSlO5bI3gKtVxA7mZqLs0WnRcYhTf2e MCowBQYDK2VwAyEAn4GdXw8Kq2RzYt7VfLm1JcHs5PbUe9AoTi3QxZk6NvE office1-gw-3';
const GATEWAY_FINGERPRINT = 'SHA256:q7RtW2xKp0ZcVn8Yd4LhGf6sJ1eTuBoM3iQwAv9Xr5k';
const NEW_GATEWAY = '00000000-0000-4000-8000-000000000700';

/** The guided set-up of a gateway, step by step; each step does what leads to it. */
const setUpSteps: readonly { readonly name: string; readonly go: (page: Page) => Promise<void> }[] = [
  {
    name: 'define (S35)',
    go: async (page) => {
      await page.getByRole('button', { name: 'Add Gateway' }).last().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox', { name: 'Name' }).fill('office1-gw-3');
      await dialog.getByLabel('Gateway segment').fill('gateway-office1');
      await dialog.getByLabel('Address').fill('gw3.nishi.example');
    },
  },
  {
    name: 'install (S36)',
    go: async (page) => {
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Add and go on' }).click();
      await dialog.getByRole('button', { name: 'Download configuration file' }).click();
      await expect(dialog.getByText('-g mavis-gateway office1-gw-3.mavis-gateway.json')).toBeVisible();
    },
  },
  {
    name: 'public key (S38)',
    go: async (page) => {
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Next' }).click();
      await dialog.getByLabel('Public key').fill(`gateway fingerprint ${GATEWAY_FINGERPRINT}\n${GATEWAY_LINE}`);
      await expect(dialog.getByText('Both are the same.')).toBeVisible();
    },
  },
  {
    name: 'waiting for the state (S39)',
    go: async (page) => {
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Enter the key' }).click();
      await expect(dialog.getByText('Waiting for the first answer')).toBeVisible();
    },
  },
  {
    name: 'synchronised (S39)',
    go: async (page) => {
      await page.evaluate((id) => {
        window.harness.patch('gateways', ['items', id, 'status', 'state'], 'available');
        window.harness.patch('gateways', ['items', id, 'status', 'confirmedAt'], new Date(Date.now() - 4000).toISOString());
      }, NEW_GATEWAY);
      await expect(page.getByRole('dialog').getByText('The state is synchronised.')).toBeVisible();
    },
  },
  {
    name: 'connection test (S40)',
    go: async (page) => {
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Next' }).click();
      await dialog.getByRole('searchbox').fill('tokyo-db');
      await dialog.getByRole('button', { name: 'Run the connection test' }).click();
      await expect(dialog.getByRole('list', { name: 'Stages' }).getByRole('listitem')).toHaveCount(6);
    },
  },
];

/** More that the tour shows; axe reads them in the long run (`accessibility.spec.ts`); every run opens a third of them (`scenes.spec.ts`). */
export const moreScenes: readonly Scene[] = [
  ...SETTINGS_SECTIONS.map((section, place) =>
    menu(`settings: ${section}`, 'settings', async (page) => {
      const heading = page.locator('.settings-section').nth(place).getByRole('heading');
      await expect(heading).toBeVisible();
      await heading.evaluate((element) => element.scrollIntoView({ block: 'start' }));
    }),
  ),
  menu('settings: none found', 'settings', (page) => page.getByRole('searchbox').fill('xyzzy')),
  ...['held-back', 'available', 'downloading', 'ready', 'by-hand', 'failed'].map((updates): Scene => ({
    name: `updates: ${updates}`,
    page: 'settings',
    open: async (page) => {
      await openMain(page, { updates });
      await openMenuPage(page, 'settings');
      await page.locator('.update-status').evaluate((element) => element.scrollIntoView({ block: 'center' }));
    },
  })),
  menu('settings: reset question', 'settings', (page) => page.locator('.settings-file-tools button').last().click()),
  {
    name: 'sign-in, managed',
    open: async (page) => {
      await openMain(page, { scene: 'sign-in', managed: '1' });
      await expect(page.getByRole('button', { name: 'Add profile' })).toHaveCount(0);
    },
  },
  menu('resources: nothing found', 'resources', async (page) => {
    await page.getByRole('searchbox').first().fill('xyzzy');
    await expect(page.getByRole('gridcell')).toHaveCount(0);
  }),
  { name: 'resources: none yet', page: 'resources', open: (page) => openMain(page, { resources: '0' }) },
  { name: 'resources: few', page: 'resources', open: (page) => openMain(page, { resources: '24' }) },
  menu('resources: a resource is added', 'resources', (page) => page.getByRole('button', { name: 'New resource' }).click()),
  menu('resources: tags of several (S37)', 'resources', async (page) => {
    await page.getByRole('row').nth(1).click({ modifiers: ['ControlOrMeta'] });
    await page.getByRole('row').nth(2).click({ modifiers: ['ControlOrMeta'] });
    await page.getByRole('button', { name: 'Edit tags' }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
  }),
  menu('resources: tags of one (S37)', 'resources', async (page) => {
    await page.getByRole('searchbox').first().fill('tokyo-db-00008');
    await expect(page.getByRole('grid').getByText('tokyo-db-00008')).toBeVisible();
    await page.getByRole('grid').focus();
    await page.keyboard.press('Space');
    await page.getByRole('complementary').getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByRole('combobox', { name: 'Tags' }).fill('gateway-');
  }),
  {
    name: 'resources: own programs',
    page: 'resources',
    open: async (page) => {
      await openMain(page);
      await page.getByRole('grid').focus();
      await page.keyboard.press('Space');
      const section = page.getByRole('region', { name: 'Own programs' });
      await section.getByRole('button', { name: 'Open a port for own programs' }).click();
      await expect(section.getByRole('status').first()).toContainText('Waiting for a program');
      await section.scrollIntoViewIfNeeded();
    },
  },
  { name: 'a proxy asks who the user is', open: (page) => openMain(page, { proxy: '1' }) },
  menu('sessions: none', 'sessions', undefined, 'sessions-empty'),
  menu('sessions: one is ended', 'sessions', (page) => page.getByRole('button', { name: /^End the session of/ }).first().click()),
  menu('audit log: none', 'audit', undefined, 'empty'),
  menu('error log: one opened', 'errors', async (page) => {
    await page.getByRole('row').nth(1).click();
    await expect(page.getByRole('complementary')).toBeVisible();
  }),
  menu('users: none', 'users', undefined, 'empty'),
  menu('access rules: none', 'rules', undefined, 'empty'),
  menu('target credentials: none', 'credentials', undefined, 'empty'),
  menu('gateways', 'gateways', (page) => expect(page.locator('.spinner')).toHaveCount(0)),
  menu('gateways: Tunnel', 'gateways', async (page) => {
    await page.getByText('Tunnel', { exact: true }).click();
    await expect(page.getByRole('form', { name: 'Tunnel' })).toBeVisible();
  }, 'tunnel-on'),
  menu('gateways: details and history', 'gateways', async (page) => {
    await page.getByRole('button', { name: 'tokyo-gw-1' }).click();
    await expect(page.getByRole('img', { name: /24 hours/ })).toBeVisible();
    await expect(page.locator('.spinner')).toHaveCount(0);
  }),
  menu('gateways: protocols of the ports', 'gateways', async (page) => {
    await page.getByRole('button', { name: 'tokyo-gw-1' }).click();
    await page.getByRole('complementary').getByRole('button', { name: 'Change protocols' }).click();
  }),
  menu('gateways: a key is rotated', 'gateways', async (page) => {
    await page.getByRole('button', { name: 'aws-gw-1' }).click();
    await page.getByRole('complementary').getByRole('button', { name: 'Rotate key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make a new key' }).click();
    await expect(page.getByRole('dialog').getByRole('status')).toContainText('SHA256:');
  }),
  menu('gateways: a segment is renamed', 'gateways', (page) => page.getByRole('button', { name: 'Rename segment gateway-aws' }).click()),
  menu('gateways: one is removed', 'gateways', async (page) => {
    await page.getByRole('button', { name: 'aws-gw-1' }).click();
    await page.getByRole('complementary').getByRole('button', { name: 'Remove' }).click();
  }),
  ...setUpSteps.map(({ name }, last) =>
    menu(`gateway set-up: ${name}`, 'gateways', async (page) => {
      await page.getByRole('main').getByRole('listitem').last().waitFor();
      for (const { go } of setUpSteps.slice(0, last + 1)) await go(page);
    }, 'gateways-empty'),
  ),
  menu('log of this app', 'diagnostics', async (page) => {
    await page.getByRole('button', { name: 'Log of this app' }).click();
    await page.getByRole('row').nth(1).click();
    await expect(page.getByRole('complementary')).toBeVisible();
  }),
  menu('diagnostics', 'diagnostics'),
  menu('diagnostics: not run yet', 'diagnostics', undefined, 'diagnostics-empty'),
  session('failed-gateway'),
  session('failed-tunnel'),
  session('tunnel'),
  session('watched'),
  session('watching'),
  session('lost'),
  session('files'),
  session('files-plain'),
  session('files-conflict'),
  session('files-edits'),
  session('files-restricted'),
  {
    name: 'session: a question before pasting',
    open: async (page) => {
      await openSession(page, 'connected', { clipboard: 'cd /srv\nrm -r reports\n' });
      await output(page, SHELL);
      await page.getByRole('button', { name: 'Paste' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
    },
  },
  {
    name: 'session: a question before it ends',
    open: async (page) => {
      await openSession(page, 'connected');
      await page.getByRole('button', { name: 'End session' }).click();
    },
  },
];
