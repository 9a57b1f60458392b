import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoute, empty } from '../../../shared/api/route.ts';
import { resourceFields } from '../../../shared/api/resources.ts';
import { isStorable, unstorableField } from '../../../shared/storable-text.ts';
import { handleOpen, InputError } from '../../../src-service/http/bound-route.ts';
import { decodeCursor, encodeCursor } from '../../../src-service/http/cursor.ts';

const BAD = ['a\0b', '\0', '\ud800', 'x\udc00y'];

test('text that a store would refuse is found wherever it stands, however deep', () => {
  for (const bad of BAD) {
    expect(isStorable(bad)).toBe(false);
    expect([unstorableField(bad), unstorableField({ a: [{ b: 'x' }, { b: bad }] }), unstorableField({ a: { [bad]: 1 } })]).toEqual(['', 'a.1.b', 'a']);
  }
  expect(unstorableField({ text: '日本 \u{1f5fe}\n', number: 1, nothing: null, more: [true, undefined] })).toBeUndefined();
  let deep: unknown = 'a\0b';
  for (let level = 0; level < 20_000; level += 1) deep = [deep];
  expect(unstorableField(deep)).toMatch(/^0\.0\./);
});

test('no form of request brings such text to a handler', async () => {
  const route = defineRoute({ method: 'POST', path: '/v1/x/:id', summary: 'x', access: 'anyone', params: z.object({ id: z.string() }), query: z.object({ search: z.string().optional() }), body: z.object({ name: z.string(), facts: z.record(z.string(), z.string()).default({}), any: z.unknown().optional() }), response: empty });
  const bound = handleOpen(route, async () => ({}));
  if (bound.kind !== 'open') throw new Error('an open route was expected');
  const context = { address: '127.0.0.1', signal: new AbortController().signal };
  const good = { params: { id: 'a' }, query: {}, body: { name: 'n' } };
  expect(await bound.run(good, context)).toEqual({});
  for (const bad of BAD) {
    const asked = [{ ...good, params: { id: bad } }, { ...good, query: { search: bad } }, { ...good, body: { name: bad } }, { ...good, body: { name: 'n', facts: { [bad]: 'x' } } }, { ...good, body: { name: 'n', any: [{ [bad]: 1 }] } }];
    for (const input of asked) await expect(bound.run(input, context)).rejects.toBeInstanceOf(InputError);
  }
});

test('a cursor that holds such text is none', () => {
  expect(decodeCursor('x', encodeCursor('x', ['a']))).toEqual(['a']);
  for (const bad of BAD) expect(() => decodeCursor('x', encodeCursor('x', [bad]))).toThrow(InputError);
});

test('a resource whose texts a store would refuse is none, so that its line of an import is told and the others are taken', () => {
  const fields = { name: 'a', address: 'a.example', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux' };
  expect(resourceFields.safeParse(fields).success).toBe(true);
  for (const bad of BAD) for (const part of [{ name: bad }, { description: bad }, { tags: [bad] }]) expect(resourceFields.safeParse({ ...fields, ...part }).success).toBe(false);
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (description) => void expect(resourceFields.safeParse({ ...fields, description }).success).toBe(isStorable(description) && description.length <= 2000)));
});
