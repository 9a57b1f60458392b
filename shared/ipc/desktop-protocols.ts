import type { Protocol } from '../ids.ts';

/** Whether a protocol shows a picture of a desktop, in place of a terminal's text. */
export function isDesktop(protocol: Protocol): boolean {
  return protocol === 'vnc' || protocol === 'rdp';
}
