import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { createLog, type LogFields } from '../../../src-service/logging/log.ts';

function logged(fields: LogFields): string {
  let text = '';
  createLog('info', new Writable({ write: (chunk, _encoding, done) => { text += String(chunk); done(); } })).info('something happened', fields);
  return text;
}

test('B16: fields that are not on the list do not get into the log', () => {
  const fields = { code: 'internal', password: 'canary-1', headers: { authorization: 'canary-2' } };
  expect(logged(fields)).not.toMatch(/canary/);
});

test('B16: an error is logged without its message, which may quote values, down to its causes', () => {
  const driver = Object.assign(new Error('duplicate key (canary-3)'), { code: '23505', constraint: 'users_name_key_key', detail: 'Key (password)=(canary-4)' });
  const text = logged({ error: new MavisError('internal', {}, { cause: new Error('Failed query: params: canary-5', { cause: driver }) }) });
  expect(text).not.toMatch(/canary/);
  expect(text).toContain('23505');
  expect(text).toContain('users_name_key_key');
});

test('B14: a line of the log stays one line whatever a text holds', () => {
  const text = logged({ gatewayName: 'a\n{"level":50}\u001B[31m' });
  expect(text.trim().split('\n')).toHaveLength(1);
  expect(text).not.toContain('\u001B');
});
