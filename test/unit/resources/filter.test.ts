import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Filter, MAX_FILTER_LENGTH, parseFilter, quoteTerm } from '../../../shared/resources/filter.ts';

function filterOf(text: string): Filter {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem.code}`);
  return parsed.filter;
}

describe('filter language', () => {
  test.each<[string, Filter]>([
    ['', { kind: 'all' }],
    ['  ', { kind: 'all' }],
    ['Web', { kind: 'word', text: 'web' }],
    ['"two Words"', { kind: 'word', text: 'two words' }],
    ['tag:gateway-aws', { kind: 'tag', text: 'gateway-aws', prefix: false }],
    ['tag:env:prod', { kind: 'tag', text: 'env:prod', prefix: false }],
    ['tag:gateway-*', { kind: 'tag', text: 'gateway-', prefix: true }],
    ['env:prod', { kind: 'word', text: 'env:prod' }],
    ['fe80::1', { kind: 'word', text: 'fe80::1' }],
    ['OS:Linux', { kind: 'operating-system', text: 'linux' }],
    ['protocol:ssh', { kind: 'protocol', text: 'ssh' }],
    ['is:untagged', { kind: 'tagged', tagged: false }],
    ['name:"my host"', { kind: 'text', field: 'name', text: 'my host' }],
    ['or', { kind: 'word', text: 'or' }],
    ['"OR"', { kind: 'word', text: 'or' }],
    ['a-b', { kind: 'word', text: 'a-b' }],
    ['- a', { kind: 'and', parts: [{ kind: 'word', text: '-' }, { kind: 'word', text: 'a' }] }],
    ['-tag:test', { kind: 'not', part: { kind: 'tag', text: 'test', prefix: false } }],
    ['a b', { kind: 'and', parts: [{ kind: 'word', text: 'a' }, { kind: 'word', text: 'b' }] }],
    ['a | b c', { kind: 'or', parts: [{ kind: 'word', text: 'a' }, { kind: 'and', parts: [{ kind: 'word', text: 'b' }, { kind: 'word', text: 'c' }] }] }],
    ['-(a OR b)', { kind: 'not', part: { kind: 'or', parts: [{ kind: 'word', text: 'a' }, { kind: 'word', text: 'b' }] } }],
  ])('reads %j', (text, expected) => {
    expect(filterOf(text)).toEqual(expected);
  });

  test.each([
    ['"open', 'unclosed-quote', 0],
    ['(a', 'unclosed-parenthesis', 0],
    ['a)', 'unexpected-parenthesis', 1],
    ['a OR', 'nothing-to-combine', 4],
    ['| a', 'nothing-to-combine', 0],
    ['tag:', 'empty-value', 4],
    ['os:amiga', 'unknown-value', 3],
    ['is:nice', 'unknown-value', 3],
    ['""', 'empty-value', 0],
    [`${'('.repeat(40)}a${')'.repeat(40)}`, 'too-deep', 21],
    [`${'-'.repeat(40)}a`, 'too-deep', 21],
    ['x'.repeat(MAX_FILTER_LENGTH + 1), 'too-long', MAX_FILTER_LENGTH],
  ])('says what is wrong with %j', (text, code, position) => {
    expect(parseFilter(text)).toEqual({ ok: false, problem: { code, position } });
  });

  test('never throws, whatever is typed', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab-:|()" *', 'OR', 'tag:') , maxLength: 60 }), (text) => {
      expect(typeof parseFilter(text).ok).toBe('boolean');
    }));
  });

  test('a quoted term is read back as itself', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 30 }).filter((text) => !/["]/.test(text) && text.trim() !== '' && !text.includes(':')), (text) => {
      expect(filterOf(quoteTerm(text))).toEqual({ kind: 'word', text: text.toLowerCase() });
    }));
  });
});
