import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDemoDesktops, type DemoDesktops } from '../../../scripts/embedded-system/demo-desktops.ts';
import { offerDesktops } from '../../../scripts/embedded-system/offered-desktops.ts';
import { StartedProcesses } from '../../../scripts/processes/started-processes.ts';
import { findCommand } from '../../../scripts/set-up/found-command.ts';
import { credentialsRoutes } from '../../../shared/api/credentials.ts';
import { resourcesRoutes } from '../../../shared/api/resources.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';

describe('the desktops of the demo', () => {
  let system: WholeSystem;
  let owner: StartedProcesses;

  beforeAll(async () => {
    system = await startWholeSystem();
    owner = new StartedProcesses(join(system.folder, 'desktop-processes.json'));
  }, 240_000);
  afterAll(async () => {
    await owner.endAll();
    await system.stop();
  });

  async function offer() {
    const desktops = offerDesktops(system.embedded, system.folder, owner);
    return { desktops, offered: await desktops.ready };
  }

  async function resource(tag: string) {
    const { items } = await system.admin.call(resourcesRoutes.resourceList, { query: { filter: `tag:${tag}` } });
    const [only] = items;
    if (items.length !== 1 || only === undefined) throw new Error(`${items.length} resources with ${tag}`);
    return system.admin.call(resourcesRoutes.resourceRead, { params: { resourceId: only.id } });
  }

  test('rule 13: VNC and RDP are real targets on loopback, allowed as those resources alone; each start has its own password and repeats nothing', async () => {
    const first = await offer();
    expect(first.offered.map(({ protocol }) => protocol)).toEqual(['vnc', 'rdp']);
    for (const { protocol, port } of first.offered) {
      const shown = await resource(`demo:${protocol}`);
      expect(shown).toMatchObject({ address: '127.0.0.1', protocols: [{ protocol, port }], allowSpecialAddress: true });
      const way = await system.admin.call(resourcesRoutes.resourceConnectionTest, { params: { resourceId: shown.id }, body: { protocol } });
      expect(way.stages.filter(({ ok }) => !ok)).toEqual([]);
      if (protocol === 'rdp') expect(way.identity?.expected).toBe(true);
    }
    const credentials = (await system.admin.call(credentialsRoutes.credentialList, {})).items.length;
    await first.desktops.stop();
    for (const { port } of first.offered) await expect.poll(() => answers(port), { timeout: 20_000 }).toBe(false);

    const second = await offer();
    expect((await resource('demo:vnc')).protocols[0]?.port).toBe(second.offered[0]?.port);
    expect((await system.admin.call(credentialsRoutes.credentialList, {})).items).toHaveLength(credentials);
    expect(second.offered[0]?.password).not.toBe(first.offered[0]?.password);
    await second.desktops.stop();
  }, 240_000);
});

describe('on a machine', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mavis-desktops-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const without = (name: string) => (wanted: string) => (wanted === name ? undefined : findCommand(wanted));

  test('without TigerVNC nothing is started, and one line says why', async () => {
    const desktops = await startDemoDesktops(folder, () => undefined, without('Xtigervnc'));
    expect(desktops.offered).toEqual([]);
    expect(desktops.missing).toHaveLength(1);
  });

  test('without xrdp there is VNC alone; its password stands on no command line, and what was started ends with it', async () => {
    const started: number[] = [];
    const desktops: DemoDesktops = await startDemoDesktops(folder, (_name, pid) => void started.push(...(pid === undefined ? [] : [pid])), without('xrdp'));
    try {
      expect(desktops.offered.map(({ protocol }) => protocol)).toEqual(['vnc']);
      expect(desktops.missing).toEqual([expect.stringContaining('xrdp')]);
      const [vnc] = desktops.offered;
      const lines = started.map(commandLine);
      expect(lines.join('\n')).toContain('-rfbport');
      expect(lines.join('\n')).not.toContain(vnc?.password);
    } finally {
      await desktops.stop();
    }
    expect(started.map(commandLine).filter((line) => line.includes('-rfbport'))).toEqual([]);
  }, 60_000);
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
