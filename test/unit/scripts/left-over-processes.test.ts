import { expect, test } from 'vitest';
import { identify, stillRuns } from '../../../scripts/processes/process-identity.ts';
import { leftOverProcesses } from '../../../scripts/processes/started-processes.ts';

const written = JSON.stringify([
  { name: 'the service', pid: 100, startedAs: 'boot/5' },
  { name: 'sshd', pid: 200, startedAs: 'boot/7' },
]);

test('only processes that are still the same are left over', () => {
  const left = leftOverProcesses(written, ({ pid }) => pid === 200);
  expect(left).toEqual([{ name: 'sshd', pid: 200, startedAs: 'boot/7' }]);
});

test('a foreign process that has the number of one that ended is left alone', () => {
  expect(stillRuns({ pid: 100, startedAs: 'boot/5' }, () => 'boot/999')).toBe(false);
  expect(stillRuns({ pid: 100, startedAs: 'boot/5' }, () => undefined)).toBe(false);
  expect(stillRuns({ pid: 100, startedAs: 'boot/5' }, () => 'boot/5')).toBe(true);
});

test.each([['{'], ['{"pid":1}'], ['[{"pid":1,"startedAs":"x"}]'], ['[{"pid":-5,"startedAs":"x"}]'], ['[{"pid":300}]'], ['[null]']])(
  'what is written badly ends nothing: %s',
  (text) => {
    expect(leftOverProcesses(text, () => true)).toEqual([]);
  },
);

test('this process is known by its number and its start', () => {
  const own = identify(process.pid);
  expect(own).toBeDefined();
  if (own === undefined) return;
  expect(stillRuns(own)).toBe(true);
  expect(stillRuns({ ...own, startedAs: `${own.startedAs}0` })).toBe(false);
});
