import { Unicode11Addon } from '@xterm/addon-unicode11';
import type { Terminal } from '@xterm/xterm';
import { withMarkLimit } from './combining-limit.ts';

const UNICODE_VERSION = 'mavis-11';

/** The widths of Unicode 11 with a bound on marks a cell (A11): the addon is shown a terminal whose register is ours. */
export class LimitedUnicode11Addon extends Unicode11Addon {
  override activate(terminal: Terminal): void {
    super.activate(
      new Proxy(terminal, {
        get: (target, key) =>
          key === 'unicode'
            ? { register: (provider: Parameters<Terminal['unicode']['register']>[0]) => target.unicode.register(withMarkLimit(UNICODE_VERSION, provider)) }
            : Reflect.get(target, key),
      }),
    );
    terminal.unicode.activeVersion = UNICODE_VERSION;
  }
}
