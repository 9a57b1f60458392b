import { describe, expect, test } from 'vitest';
import { routes } from '../../../shared/api/index.ts';
import { ipcContract } from '../../../shared/ipc/contract.ts';

describe('changes', () => {
  const patches = Object.entries(routes).filter(([, { method }]) => method === 'PATCH');

  test.each(patches)('%s changes only what it names: a schema’s defaults would set back the rest', (_, route) => {
    expect(route.body.parse({})).toEqual({});
  });

  test('a change of settings names only what it changes', () => {
    expect(ipcContract.settings.update.args.parse({ changes: { theme: 'dark' } })).toEqual({ changes: { theme: 'dark' } });
  });

  test('there are routes to look at', () => {
    expect(patches.length).toBeGreaterThan(2);
  });
});
