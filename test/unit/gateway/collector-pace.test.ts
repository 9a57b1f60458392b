import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { freeMemory } from '../../../shared/proxy-stream/free-memory.ts';
import { inRepository } from '../../../scripts/set-up/repository.ts';
import { BEGIN_BY_SHARE, SMALL_YOUNG_GENERATION } from '../../../src-gateway/collector-pace.ts';

/** How large the young generation of a Node becomes that allocates much and keeps some of it for a while, both halves. */
function youngMiB(...flags: readonly string[]): number {
  const program = `let kept = [], most = 0;
    for (let i = 0; i < 2e6; i += 1) {
      kept = kept.length < 100000 ? kept : [];
      kept.push({ i });
      if (i % 10000 === 0) most = Math.max(most, require('node:v8').getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
    }
    console.log(most / 2 ** 20);`;
  return Number(spawnSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8' }).stdout);
}

describe('the pace of the collector', () => {
  // V8 passes over a flag that it does not know, and promises none for its next version.
  test('is set by a flag that this Node knows, and does not set by itself', () => {
    const { stdout } = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
    const [name] = BEGIN_BY_SHARE.split('=');
    expect(stdout).toMatch(new RegExp(`^ +${name} [^\\n]+\\n +type: int +default: ${name}=0$`, 'm'));
  });

  test('comes with a small young generation, however the gateway is launched', () => {
    expect(youngMiB(SMALL_YOUNG_GENERATION)).toBeLessThanOrEqual(8);
    expect(youngMiB()).toBeGreaterThan(8);
    expect(readFileSync(inRepository('src-gateway', 'main.ts'), 'utf8').split('\n')[0]).toBe(`#!/usr/bin/env -S node ${SMALL_YOUNG_GENERATION}`);
    expect(readFileSync(inRepository('packaging', 'gateway', 'Containerfile'), 'utf8')).toContain(`ENTRYPOINT ["node", "${SMALL_YOUNG_GENERATION}", `);
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
