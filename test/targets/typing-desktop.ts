import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { XrdpTarget } from './xrdp-target.ts';

/** What an xrdp desktop runs: lines that are typed end in a file, its clipboard holds a text (without quotation marks), and what the clipboard holds is pasted into another file. */
export function typingDesktop(clipboard: string): string {
  return `
printf '${clipboard}' | xclip -selection clipboard
(while sleep 0.2; do timeout 2 xclip -o -selection clipboard >> "$SHARED/pasted" 2>/dev/null; done) &
exec xterm -geometry 200x60+0+0 -e sh -c 'while read -r line; do echo "$line" >> "$SHARED/typed"; done'`;
}

/** Scan codes of h, e, l, o and Enter, which spell "hello". */
export const HELLO_KEYS: readonly number[] = [0x23, 0x12, 0x26, 0x26, 0x18, 0x1c];

/** What stands in a file of such a desktop so far. */
export function writtenOn({ shared }: XrdpTarget, name: 'typed' | 'pasted'): string {
  const file = join(shared, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
