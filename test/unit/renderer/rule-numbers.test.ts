import { describe, expect, test } from 'vitest';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { numbersOf, readNumbers } from '../../../src-renderer/access-rules/rule-numbers.ts';
import { changedFields } from '../../../src-renderer/controls/changed-fields.ts';

const opened = sessionPolicy.parse({});

describe('the numbers of a rule’s policy', () => {
  test.each([['0.05', 50_000], ['５', 5_000_000], ['', null], [' ', null], ['0.000001', 1], ['0', undefined], ['0.0', undefined], ['-1', undefined], ['1e3', undefined], ['5 MB', undefined], ['0,05', undefined], ['0.0000001', undefined]])('a largest file of “%s” megabytes is %s bytes', (typed, bytes) => {
    expect(readNumbers({ ...numbersOf(opened), maxFileBytes: typed }, opened).maxFileBytes).toBe(bytes);
  });

  test.each([['30', 1800], ['1', 60], ['10080', 604_800], ['1.5', 90], ['0', undefined], ['', undefined], ['10081', undefined], ['half', undefined]])('a longest session of “%s” minutes is %s seconds', (typed, seconds) => {
    expect(readNumbers({ ...numbersOf(opened), maxDurationSeconds: typed }, opened).maxDurationSeconds).toBe(seconds);
  });

  test('what was not typed stays to the second and the byte', () => {
    const odd = { maxDurationSeconds: 61, idleSeconds: 3601, maxFileBytes: 1_234_567_891 };
    expect(readNumbers(numbersOf(odd), odd)).toEqual(odd);
  });
});

test('of a form only what its user changed is sent', () => {
  const form = { name: 'a', tags: ['x'], credentialId: null, on: true };
  expect(changedFields(form, { ...form, tags: ['x'] })).toEqual({});
  expect(changedFields<{ name: string; tags: string[]; on: boolean }>({ name: 'a', tags: ['x'], on: true }, { name: 'a', tags: ['y'], on: false })).toEqual({ tags: ['y'], on: false });
});
