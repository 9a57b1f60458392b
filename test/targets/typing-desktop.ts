import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { XrdpTarget } from './xrdp-target.ts';

/** What an xrdp desktop runs: lines that are typed end in a file, a text (without quotation marks) is copied at the start and when it is asked for, files when they are named, what the clipboard holds is pasted into another file, and keys in its left upper corner are written down one by one once that is asked for. */
export function typingDesktop(clipboard: string): string {
  return `
copy() { printf '${clipboard}' | xclip -selection clipboard; }
copy
(while sleep 0.2; do
  if [ -e "$SHARED/copy" ]; then rm "$SHARED/copy"; copy; fi
  if [ -e "$SHARED/files" ]; then xclip -selection clipboard -t text/uri-list -i "$SHARED/files"; rm "$SHARED/files"; fi
  if [ -e "$SHARED/watch" ]; then rm "$SHARED/watch"; xev -event keyboard -geometry 100x100+0+0 > "$SHARED/keys" & fi
  timeout 2 xclip -o -selection clipboard >> "$SHARED/pasted" 2>/dev/null
done) &
exec xterm -geometry 200x60+0+0 -e sh -c 'while read -r line; do printf "%s\\n" "$line" >> "$SHARED/typed"; done'`;
}

/** Scan codes of h, e, l, o and Enter, which spell "hello". */
export const HELLO_KEYS: readonly number[] = [0x23, 0x12, 0x26, 0x26, 0x18, 0x1c];

/** What stands in a file of such a desktop so far. */
export function writtenOn({ shared }: XrdpTarget, name: 'typed' | 'pasted' | 'keys'): string {
  const file = join(shared, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Has such a desktop write down the keys that come to its left upper corner. */
export function watchKeysOn({ shared }: XrdpTarget): void {
  writeFileSync(join(shared, 'watch'), '');
}

/** The names that X11 has for the keys that were pressed there, in their order. */
export function keysOn(target: XrdpTarget): string[] {
  return [...writtenOn(target, 'keys').matchAll(/^KeyPress event[^]*?keysym 0x[\da-f]+, (\w+)\)/gm)].map(([, name = '']) => name);
}

/** Has such a desktop copy these files of its own. */
export function copyFilesOn({ shared }: XrdpTarget, paths: readonly string[]): void {
  writeFileSync(join(shared, 'files.new'), paths.map((path) => `file://${path}\r\n`).join(''));
  renameSync(join(shared, 'files.new'), join(shared, 'files'));
}

/** Has such a desktop copy its text again: what was pasted into it has taken the clipboard. */
export function copyAgainOn({ shared }: XrdpTarget): void {
  writeFileSync(join(shared, 'copy'), '');
}
