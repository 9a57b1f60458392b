import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const GATEWAY = join(import.meta.dirname, '../../../src-gateway');
/** Folders of which each line runs within one session. */
const OF_SESSIONS = ['rdp', 'sessions', 'sftp', 'ssh', 'vnc'];

/** A promise that is left with `void` and rejects ends the gateway with all its sessions; `sessionWork` ends the one. */
test.each(OF_SESSIONS)('in src-gateway/%s no promise of a session is left to itself', (folder) => {
  const names = readdirSync(join(GATEWAY, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(names.length).toBeGreaterThan(5);
  const left = names.flatMap((name) =>
    readFileSync(join(GATEWAY, folder, name), 'utf8')
      .split('\n')
      .filter((line) => /\bvoid [\w#(]/.test(line) && !/^\s*(?:\/?\*|\/\/)/.test(line))
      .map((line) => `${name}: ${line.trim()}`),
  );
  expect(left).toEqual([]);
});
