import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');

/** Files of the product and of what starts it that use ssh2 in any way. */
function filesWithSsh2(): { file: string; text: string }[] {
  const files = globSync(['{src-main,src-gateway,src-service,src-renderer,shared,scripts}/**/*.{ts,tsx,mjs}'], { cwd: root });
  return files.map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') })).filter(({ text }) => /['"]ssh2['"]/.test(text));
}

test('keys are made by Node, never by ssh2, whose Ed25519 keys are unreadable to itself one time in some hundred (1.17.0)', () => {
  const files = filesWithSsh2();
  expect(files.length).toBeGreaterThan(5);
  const making = files.filter(({ text }) => /generateKeyPair/.test(text));
  // A file that uses both takes the maker from Node by name.
  for (const { text } of making) {
    expect(text).toMatch(/import \{[^}]*\bgenerateKeyPairSync\b[^}]*\} from 'node:crypto';/);
    expect(text).not.toMatch(/\.generateKeyPair|utils\s*\}|utils,/);
  }
  expect(making.map(({ file }) => file)).toEqual(['src-gateway/ssh/ephemeral-host-key.ts', 'src-main/foreign-clients/host-keys.ts']);
});
