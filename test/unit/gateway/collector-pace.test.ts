import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { BEGIN_BY_SHARE } from '../../../src-gateway/collector-pace.ts';

describe('the pace of the collector', () => {
  // V8 passes over a flag that it does not know, and promises none for its next version.
  test('is set by a flag that this Node knows, and does not set by itself', () => {
    const { stdout } = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const [name] = BEGIN_BY_SHARE.split('=');
    expect(stdout).toMatch(new RegExp(`^ +${name} [^\\n]+\\n +type: int +default: ${name}=0$`, 'm'));
  });
});
