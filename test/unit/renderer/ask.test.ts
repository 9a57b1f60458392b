import { describe, expect, test } from 'vitest';
import type { IpcAnswer } from '../../../shared/ipc/contract.ts';
import type { ShownError } from '../../../shared/ipc/stores.ts';
import { askShowing } from '../../../src-renderer/mavis/ask.ts';

/** What a page shows, and calls of main that are answered one by one. */
function page(): { readonly shown: () => string | null; readonly begin: () => { answer: (answer: IpcAnswer<unknown>) => Promise<void> } } {
  let shown: ShownError | null = null;
  return {
    shown: () => shown?.code ?? null,
    begin: () => {
      const { promise, resolve } = Promise.withResolvers<IpcAnswer<unknown>>();
      const asked = askShowing((error) => (shown = error), promise);
      return {
        answer: async (given) => {
          resolve(given);
          await asked;
        },
      };
    },
  };
}

const refused = (code: string): IpcAnswer<unknown> => ({ ok: false, code, args: {}, reference: null });
const well: IpcAnswer<unknown> = { ok: true, value: {} };

describe('the failure of what a page asks', () => {
  test('is taken away when the next thing is asked, and shown anew where that fails', async () => {
    const { shown, begin } = page();
    await begin().answer(refused('access.denied'));
    expect(shown()).toBe('access.denied');
    const again = begin();
    expect(shown()).toBeNull();
    await again.answer(refused('access.denied'));
    expect(shown()).toBe('access.denied');
  });

  test('S12: is not taken away by something asked before that goes well later', async () => {
    const { shown, begin } = page();
    const [first, second] = [begin(), begin()];
    await second.answer(refused('gateway.none-available'));
    await first.answer(well);
    expect(shown()).toBe('gateway.none-available');
  });
});
