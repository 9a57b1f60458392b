import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { freeMemory } from '../../../shared/proxy-stream/free-memory.ts';
import { BEGIN_BY_SHARE } from '../../../src-gateway/collector-pace.ts';

describe('the pace of the collector', () => {
  // V8 passes over a flag that it does not know, and promises none for its next version.
  test('is set by a flag that this Node knows, and does not set by itself', () => {
    const { stdout } = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const [name] = BEGIN_BY_SHARE.split('=');
    expect(stdout).toMatch(new RegExp(`^ +${name} [^\\n]+\\n +type: int +default: ${name}=0$`, 'm'));
  });

  test('is not needed for large memory that is given back at once; what others may share, and what is small, is left alone', () => {
    const large = new Uint8Array(64 * 1024);
    const external = process.memoryUsage().arrayBuffers;
    freeMemory(large);
    expect([large.length, process.memoryUsage().arrayBuffers <= external - 60 * 1024]).toEqual([0, true]);
    const shared = new Uint8Array(64 * 1024).subarray(1);
    const small = new Uint8Array(100);
    const pooled = Buffer.from('of the pool');
    for (const bytes of [shared, small, pooled]) freeMemory(bytes);
    expect(shared.length).toBe(64 * 1024 - 1);
    freeMemory(shared, 1);
    expect(shared.length).toBe(0);
    expect([small.length, String(pooled)]).toEqual([100, 'of the pool']);
  });
});
