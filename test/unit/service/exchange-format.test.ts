import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { resource, type Resource } from '../../../shared/api/resources.ts';
import { readLines, writeLines } from '../../../src-service/resources/exchange-format.ts';
import { printable } from '../../../src-service/export/printable.ts';

function makeResource(change: Record<string, unknown> = {}): Resource {
  return resource.parse({ id: randomUUID(), name: 'web-1', address: 'web-1.test', protocols: [{ protocol: 'ssh', port: 22 }, { protocol: 'rdp', port: 3389 }], operatingSystem: 'linux', description: 'first, "quoted"\nsecond line', identities: [`SHA256:${'a'.repeat(43)}`], tags: ['gateway-aws', 'env:prod'], createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z', ...change });
}
const HEADER = 'name,address,protocols,operatingSystem';

describe.each(['csv', 'json'] as const)('%s', (format) => {
  test('what is written is read back the same, in every script', () => {
    const all = [makeResource(), makeResource({ name: '伺服器 サーバー', description: "'=already quoted", tags: [], allowSpecialAddress: true }), makeResource({ name: 'plain', allowUnencryptedTunnel: true })];
    const read = readLines(format, writeLines(format, all));
    expect(read.map((line) => ('fields' in line ? line.fields : line.bad))).toEqual(all.map(({ id: _id, createdAt: _c, updatedAt: _u, ...fields }) => fields));
  });

  test.each(['', '\u0000', '{', '[', '"', 'a\nb', '\uFEFF'])('rubbish is reported, never thrown: %j', (text) => {
    expect(() => readLines(format, text)).not.toThrow();
  });
});

describe('CSV', () => {
  test('B14: no cell begins like a formula, and reading takes the escape off again', () => {
    const names = ['=cmd|calc', '+1', '-2', '@sum'];
    const text = writeLines('csv', names.map((name) => makeResource({ name, description: `=HYPERLINK("x")` })));
    for (const line of text.split('\n').slice(1)) expect(line).not.toMatch(/(?:^|,)"?[=+\-@]/);
    expect(readLines('csv', text).flatMap((line) => ('fields' in line ? line.fields.name : []))).toEqual(names);
  });

  test('a file of more lines than are read is refused as a whole, not cut', () => {
    const text = `${HEADER}\n${Array.from({ length: 200_001 }, (_value, index) => `r-${String(index)},a.test,ssh:22,linux`).join('\n')}\n`;
    expect(readLines('csv', text)).toEqual([{ line: 1, bad: { column: '', code: 'unreadable', value: '' } }]);
    expect(readLines('csv', text.slice(0, text.lastIndexOf('r-')))).toHaveLength(200_000);
  });

  test('what the file does not name is told from what it leaves empty', () => {
    const [read] = readLines('csv', `${HEADER},tags,description\nweb-1,a.test,ssh:22,linux,,\n`);
    expect(read).toMatchObject({ fields: { tags: [], description: '' }, unnamed: ['identities', 'credentialId', 'allowSpecialAddress', 'allowUnencryptedTunnel'] });
  });

  test('each bad line is reported by its number and column; the others are taken', () => {
    const text = [HEADER, 'good-1,a.test,ssh:22,linux', ',a.test,ssh:22,linux', 'bad-port,a.test,ssh:70000,linux', 'bad-protocol,a.test,telnet:23,linux', 'bad-system,a.test,ssh:22,amiga', 'too,many,ssh:22,linux,cells', 'bad address,a b,ssh:22,linux', 'no-protocol,a.test,,linux', 'good-2,a.test,ssh:22 sftp:22,linux'].join('\n');
    const read = readLines('csv', text);
    expect(read.map((line) => ('fields' in line ? [line.line, line.fields.name] : [line.line, line.bad.column, line.bad.code]))).toEqual([
      [2, 'good-1'], [3, 'name', 'missing'], [4, 'protocols', 'invalid'], [5, 'protocols', 'invalid'], [6, 'operatingSystem', 'invalid'], [7, '', 'unreadable'], [8, 'address', 'invalid'], [9, 'protocols', 'missing'], [10, 'good-2'],
    ]);
  });

  test('rules 8 and 13: what loosens a rule is yes, no or nothing; any other word is refused instead of guessed', () => {
    const text = [`${HEADER},allowSpecialAddress,allowUnencryptedTunnel`, ...['true,', ',true', 'false,false', 'yes,', ',1'].map((flags, number) => `h${String(number)},a.test,ssh:22,linux,${flags}`)].join('\n');
    expect(readLines('csv', text).map((line) => ('fields' in line ? [line.fields.allowSpecialAddress, line.fields.allowUnencryptedTunnel] : [line.bad.column, line.bad.value]))).toEqual([
      [true, false], [false, true], [false, false], ['allowSpecialAddress', 'yes'], ['allowUnencryptedTunnel', '1'],
    ]);
  });

  test('a column that is not known or a missing one refuses the file', () => {
    expect(readLines('csv', `${HEADER},password\na,b,ssh:22,linux,x`)).toEqual([{ line: 1, bad: { column: 'password', code: 'unknown-column', value: '' } }]);
    expect(readLines('csv', 'name,address\na,b')).toEqual([{ line: 1, bad: { column: 'protocols', code: 'missing', value: '' } }]);
  });
});

test('JSON: fields that are not known are named', () => {
  expect(readLines('json', JSON.stringify([{ name: 'a', address: 'b', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux', role: 'admin' }]))).toEqual([{ line: 1, bad: { column: 'role', code: 'unknown-column', value: '' } }]);
});

test('B14: what commands print does nothing to a terminal', () => {
  expect(printable('a\u001B[31mred\u001B]0;title\u0007\n\u202Eevil\u009B31m')).toBe('a\\u{1b}[31mred\\u{1b}]0;title\\u{7}\\u{a}\\u{202e}evil\\u{9b}31m');
});
