import { describe, expect, test } from 'vitest';
import { connectionReferenceFrom } from '../../../shared/ids.ts';
import { pageFault } from '../../../shared/ipc/page-fault.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { PageFaults } from '../../../src-main/logging/page-faults.ts';
import { RunMark } from '../../../src-main/logging/run-mark.ts';

const reference = connectionReferenceFrom(new Uint8Array(10).fill(7));

function written(clock: () => number) {
  const lines: unknown[] = [];
  return { lines, log: createLog([(line) => void lines.push(JSON.parse(line))], clock, 1) };
}

describe('faults in pages', () => {
  test('stand in the log by kind, place and the reference that the user was shown, and what is no place of a script does not', () => {
    const { lines, log } = written(() => 5);
    new PageFaults(log, () => 5).note('main', { reference, name: 'TypeError', frames: 'TypeError: CANARY of a message\n    at draw (app://bundle/assets/main-window.js:1:2)\nCANARY' });
    expect(lines).toEqual([{ level: 50, time: 5, pid: 1, msg: 'fault in a page', role: 'main', reference, error: { name: 'TypeError', stack: '    at draw (app://bundle/assets/main-window.js:1:2)' } }]);
  });

  test('a page that goes wrong again and again writes twenty lines a minute, takes no other kind of window its own, and how many were left out is said', () => {
    let now = 0;
    const { lines, log } = written(() => now);
    const faults = new PageFaults(log, () => now);
    const fault = { reference: null, name: 'Error', frames: '' };
    for (let count = 0; count < 1000; count += 1) faults.note('session', fault);
    expect(lines).toHaveLength(20);
    faults.note('main', fault);
    expect(lines.slice(20)).toMatchObject([{ role: 'main' }]);
    now = 60_001;
    faults.note('session', fault);
    faults.note('main', fault);
    expect(lines.slice(21)).toMatchObject([{ msg: 'more faults in pages, left out', role: 'session', count: 980 }, { msg: 'fault in a page', role: 'session' }, { msg: 'fault in a page', role: 'main' }]);
  });

  test.each([{ reference: 'MV-x', name: 'Error', frames: '' }, { reference: null, name: 'a b', frames: '' }, { reference: null, name: 'Error', frames: 'x'.repeat(4001) }, { reference: null, name: '', frames: '' }])('what is not of the form is refused: %j', (fault) => {
    expect(pageFault.safeParse(fault).success).toBe(false);
  });
});

describe('a run that did not end in order', () => {
  test('is told by the next one, with its version; one that did is not', async () => {
    const { lines, log } = written(() => 90_000);
    let file: unknown;
    const mark = new RunMark({ write: (value) => Promise.resolve(void (file = value)) }, log, () => 90_000);
    mark.begin({ version: '1.2.3', startedAt: 30_000 }, '1.3.0');
    expect(lines).toMatchObject([{ level: 50, msg: 'last run did not end in order', version: '1.2.3', milliseconds: 60_000 }]);
    expect(file).toEqual({ version: '1.3.0', startedAt: 90_000 });
    await mark.end();
    const left = file;
    mark.begin(left, '1.3.0');
    mark.begin(undefined, '1.3.0');
    expect(lines).toHaveLength(1);
  });

  test('a mark that cannot be written costs nothing but a line', async () => {
    const { lines, log } = written(() => 0);
    const mark = new RunMark({ write: () => Promise.reject(new Error('ENOSPC')) }, log, () => 0);
    mark.begin({ version: 5 }, '1.3.0');
    await mark.end();
    expect(lines).toHaveLength(2);
  });
});
