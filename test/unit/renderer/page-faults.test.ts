import { afterEach, expect, test, vi } from 'vitest';
import type { PageFault } from '../../../shared/ipc/page-fault.ts';
import { reportFaults } from '../../../src-renderer/mavis/page-faults.ts';

afterEach(() => void vi.unstubAllGlobals());

test('a notice of the browser in which nothing was thrown is no fault of a page; what is thrown is told, whatever it is', () => {
  const told: PageFault[] = [];
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  reportFaults({ app: new Proxy(Object.create(null), { get: () => (fault: PageFault) => Promise.resolve(void told.push(fault)) }) });
  for (const error of [null, undefined, new TypeError('CANARY'), 'CANARY', 0]) page.dispatchEvent(Object.assign(new Event('error'), { error }));
  expect(told.map(({ name }) => name)).toEqual(['TypeError', 'string', 'number']);
  expect(JSON.stringify(told)).not.toContain('CANARY');
});
