import type { Protocol } from '../ids.ts';

/** Protocols whose sessions this version opens: those that have a window and, in the session's process, an end of their own. */
const openableProtocols: readonly Protocol[] = ['ssh', 'sftp', 'vnc', 'rdp'];

/** Whether this version opens sessions of a protocol. */
export function openable(protocol: Protocol): boolean {
  return openableProtocols.includes(protocol);
}

/** Whether a protocol shows a picture of a desktop, in place of a terminal's text. */
export function isDesktop(protocol: Protocol): boolean {
  return protocol === 'vnc' || protocol === 'rdp';
}
