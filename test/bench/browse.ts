import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Page } from '@playwright/test';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { distribution, launchApp } from '../e2e/launch-app.ts';
import { addProfile, signIn } from '../e2e/page-actions.ts';
import { startWholeSystem, type WholeSystem } from '../fixtures/whole-system.ts';
import { distributionLine } from './measuring/distribution.ts';

/** Search among 100,000 resources: in the service over HTTPS, and in the app from the key to the frame that shows the answer. */
const RESOURCES = 100_000;
const IMPORTED_AT_ONCE = 10_000;
const ROUNDS = 25;
const QUERIES = ['', 'web', 'toky', 'tag:gateway-aws os:linux -tag:test', '10.1.2', 'is:untagged db', 'nothing-has-this'];
const TYPED = ['tokyo-db-0', 'osaka web', 'tag:gateway-aws os:linux -tag:test', 'berlin mail 42', 'cache'];
const USER = { name: 'browser', password: 'a password only for this run' } as const;

const system = await startWholeSystem();
const userData = mkdtempSync(join(tmpdir(), 'mavis-browse-'));
try {
  console.log(`${cpus()[0]?.model ?? 'processor'} x ${cpus().length}, Node ${process.version}, ${distribution.kind === 'electron' ? 'Electron' : 'Electron stand-in on Chromium'}`);
  await importResources(system);
  await measureService(system);
  await measureApp(system);
} finally {
  await system.stop();
  rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
}
process.exit();

async function importResources({ admin }: WholeSystem): Promise<void> {
  const began = performance.now();
  let created = 0;
  // In parts, each within the time that a call may take.
  for (let first = 0; first < RESOURCES; first += IMPORTED_AT_ONCE) {
    const text = JSON.stringify(Array.from({ length: IMPORTED_AT_ONCE }, (_, index) => resourceAt(first + index)));
    created += (await admin.call(resourcesRoutes.resourceImport, { body: { format: 'json', text } })).created;
  }
  console.log(`imported ${created} resources in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

async function measureService({ admin }: WholeSystem): Promise<void> {
  for (const filter of QUERIES) {
    const times: number[] = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const began = performance.now();
      await admin.call(resourcesRoutes.resourceList, { query: { filter, limit: 100 } });
      if (round > 0) times.push(performance.now() - began);
    }
    console.log(distributionLine(`service, HTTPS: ${JSON.stringify(filter)}`.slice(0, 52).padEnd(52), times, 'ms'));
  }
}

async function measureApp(whole: WholeSystem): Promise<void> {
  await whole.addUser(USER.name, 'admin', USER.password);
  const { main, electronApp } = await launchApp(userData);
  await addProfile(main, whole);
  const began = performance.now();
  await signIn(main, USER.name, USER.password);
  const total = new Intl.NumberFormat('en').format(RESOURCES + 22);
  await main.getByText(`${total} resources`).waitFor({ timeout: 120_000 });
  console.log(`app: signed in and all resources loaded in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  await watchPaints(main);
  const search = main.getByRole('searchbox', { name: 'Search resources' });
  for (const words of TYPED) {
    await search.fill('');
    await search.pressSequentially(words, { delay: 120 });
  }
  const painted = await main.evaluate(() => window.paintedMs ?? []);
  console.log(distributionLine('app, key to painted answer'.padEnd(52), painted, 'ms'));
  const gone = electronApp.waitForEvent('close');
  await electronApp.evaluate(({ app }) => app.exit(0)).catch(() => undefined);
  await gone;
}

/** From here on the page notes for each key how long it takes until the frame after the list changed; keys that change nothing are not counted. */
async function watchPaints(page: Page): Promise<void> {
  await page.evaluate(() => {
    const painted: number[] = [];
    window.paintedMs = painted;
    let pressedAt: number | undefined;
    document.addEventListener('input', ({ timeStamp }) => { pressedAt = timeStamp; }, true);
    const changed = (): void => {
      const at = pressedAt;
      if (at === undefined) return;
      pressedAt = undefined;
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.addEventListener('message', () => painted.push(performance.now() - at), { once: true });
        port1.start();
        port2.postMessage(null);
      });
    };
    const content = document.querySelector('main');
    if (!content) throw new Error('no page');
    // What the search field itself changes comes at once, before any answer.
    const outsideSearch = ({ target }: MutationRecord): boolean => (target instanceof Element ? target : target.parentElement)?.closest('[role=search]') === null;
    new MutationObserver((records) => {
      if (records.some(outsideSearch)) changed();
    }).observe(content, { subtree: true, childList: true, characterData: true });
  });
}

function resourceAt(index: number) {
  const [cities, roles, segments] = [['tokyo', 'osaka', 'taipei', 'berlin', 'oslo'], ['web', 'db', 'cache', 'build', 'mail'], ['gateway-aws', 'gateway-gcp', 'gateway-office1']];
  const [city, role, segment] = [cities[index % 5] ?? '', roles[Math.trunc(index / 5) % 5] ?? '', segments[index % 4]];
  return {
    name: `${role}-${city}-${String(index).padStart(6, '0')}`,
    address: `10.${index % 200}.${Math.trunc(index / 200) % 200}.${index % 251}`,
    protocols: [{ protocol: 'ssh', port: 22 }],
    operatingSystem: index % 3 === 0 ? 'windows' : 'linux',
    description: `${role} server of ${city}, rack ${index % 97}`,
    tags: [...(segment === undefined ? [] : [segment]), index % 10 === 0 ? 'test' : 'prod', `team:${role}`],
  };
}

declare global {
  interface Window {
    /** Set by this benchmark: times from key to painted answer, in milliseconds. */
    paintedMs?: number[];
  }
}
