import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDemoDesktops, type DemoDesktops } from '../../../scripts/embedded-system/demo-desktops.ts';
import { findCommand } from '../../../scripts/set-up/found-command.ts';

describe('on a machine', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mavis-desktops-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

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
      // A21: whoever else has an account here is not let to the display, on which programs of this one run.
      const authorityFile = join(folder, 'x-authority');
      const [own = ''] = started.map(environment).filter((environ) => environ.includes(`XAUTHORITY=${authorityFile}\0`));
      const [, display = ''] = /\0DISPLAY=(:\d+)\0/.exec(`\0${own}`) ?? [];
      const looks = (authority: string): Promise<unknown> => promisify(execFile)('xwd', ['-root', '-silent', '-display', display], { env: { ...process.env, XAUTHORITY: authority }, encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 });
      await expect(looks('/dev/null')).rejects.toThrow(/uthorization/);
      await expect(looks(authorityFile)).resolves.toBeDefined();
    } finally {
      await desktops.stop();
    }
    expect(started.map(commandLine).filter((line) => line.includes('-rfbport'))).toEqual([]);
  });
});

function environment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
