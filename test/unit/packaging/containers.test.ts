import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SMALL_YOUNG_GENERATION } from '../../../src-gateway/collector-pace.ts';
import { containerInstructions, execWords } from '../../fixtures/containerfile.ts';
import { unitSettings } from '../../fixtures/unit-file.ts';

/**
 * The container files as far as they can be tried without a container engine: read by the rules of the format, and what an
 * image would hold is laid out in a folder and started there. Not run here: the build of the image itself, and the image.
 */
const repository = join(import.meta.dirname, '../../..');
const read = (...path: string[]): string => readFileSync(join(repository, ...path), 'utf8');
const { dependencies } = z.object({ dependencies: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

const images = [
  { program: 'gateway', ports: ['443', '7993', '7994', '7995'], flags: [SMALL_YOUNG_GENERATION] },
  { program: 'service', ports: ['443'], flags: [] },
] as const;

describe.each(images)('the $program in a container', ({ program, ports, flags }) => {
  const instructions = containerInstructions(read('packaging', program, 'Containerfile'));
  const only = (name: string): string => instructions.find((one) => one.name === name)?.text ?? '';
  const copied = instructions.filter(({ name }) => name === 'COPY').flatMap(({ text }) => text.split(' ').slice(0, -1));
  const data = `/var/lib/mavis-${program}`;

  test('runs as nobody’s root, writes its own folder alone, and opens the ports that it is known by', () => {
    expect(only('USER')).toMatch(/^[1-9]\d+:[1-9]\d+$/);
    expect(only('VOLUME')).toBe(data);
    expect(only('EXPOSE').split(' ')).toEqual(ports);
    const [uid] = only('USER').split(':');
    expect(instructions.filter(({ name }) => name === 'RUN').at(-1)?.text).toContain(`install -d -m 0700 -o ${uid ?? ''} -g ${uid ?? ''} ${data}`);
    // The account and the folder are made before anything runs as it.
    expect(instructions.findIndex(({ name }) => name === 'USER')).toBeGreaterThan(instructions.findLastIndex(({ name }) => name === 'RUN'));
  });

  test('starts what the systemd unit starts, without a shell that would keep signals from it', () => {
    const unit = unitSettings(read('packaging', program, `mavis-${program}.service`)).get('Service')?.get('ExecStart') ?? '';
    expect(execWords(only('ENTRYPOINT'))).toEqual(['node', ...flags, `/opt/mavis/src-${program}/main.ts`]);
    expect(execWords(only('CMD')).join(' ')).toMatch(new RegExp(`^${unit.replace(`/usr/bin/mavis-${program} `, '')}(?: --host 0\\.0\\.0\\.0)?$`));
    expect(only('STOPSIGNAL')).toBe('SIGTERM');
  });

  test('Node is the one that the repository asks for; packages are those of the lock file, without their scripts and without those of development', () => {
    expect(only('FROM')).toBe('docker.io/library/node:24-bookworm-slim');
    expect(instructions.some(({ name, text }) => name === 'RUN' && /^npm ci --omit=dev --ignore-scripts( |$)/.test(text))).toBe(true);
    const wanted = copied.filter((path) => !path.startsWith('package')).flatMap((folder) =>
      globSync(`${folder}/**/*.ts`, { cwd: repository }).flatMap((file) => [...read(file).matchAll(/^(?:import|export) [^'"]*?from '([^.'][^']*)'|^import '([^.'][^']*)'/gm)].map(([, named, bare]) => named ?? bare ?? '')),
    );
    const packages = [...new Set(wanted.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name)).map((name) => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/')))];
    expect(packages.length).toBeGreaterThan(2);
    expect(packages.filter((name) => dependencies[name] === undefined)).toEqual([]);
  });

  test('what is copied is all that the program needs: laid out alone, it starts', () => {
    const image = mkdtempSync(join(tmpdir(), 'mavis-image-'));
    folders.push(image);
    for (const path of copied) {
      expect(read('.dockerignore').split('\n')).toContain(`!${path}`);
      cpSync(join(repository, path), join(image, basename(path)), { recursive: true });
    }
    symlinkSync(join(repository, 'node_modules'), join(image, 'node_modules'));
    const [, ...words] = execWords(only('ENTRYPOINT'));
    // Its help is printed once everything has been imported; an option of CMD that there is not would be refused before.
    const said = execFileSync(process.execPath, [...words.map((word) => word.replace('/opt/mavis', image)), ...execWords(only('CMD')), '--help'], { cwd: image, encoding: 'utf8' });
    expect(said).toContain(`mavis-${program} start`);
  }, 120_000);
});

test('S36: a gateway’s health check is its own status', () => {
  const health = containerInstructions(read('packaging', 'gateway', 'Containerfile')).find(({ name }) => name === 'HEALTHCHECK')?.text ?? '';
  expect(execWords(health.slice(health.indexOf('['))).slice(1)).toEqual(['/opt/mavis/src-gateway/main.ts', 'status', '--data', '/var/lib/mavis-gateway']);
});

test('a container file that is not one is told by its line', () => {
  for (const [text, complaint] of [['RUN x', 'FROM'], ['FROM a\nRUNN x', 'RUNN'], ['FROM a\nUSER 1\nUSER 2', 'once'], ['FROM a\nRUN x \\', 'not an instruction']] as const) expect(() => containerInstructions(text)).toThrow(complaint);
});
