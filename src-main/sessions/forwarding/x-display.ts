import type { NetConnectOpts } from 'node:net';

/** Where an X server listens, as DISPLAY says it (X(7), "DISPLAY NAMES"). */
export interface XDisplay {
  readonly address: NetConnectOpts;
  readonly number: number;
  readonly screen: number;
  /** The host that DISPLAY names; empty for a socket of this machine. */
  readonly host: string;
}

/** TCP port of display 0. */
const FIRST_PORT = 6000;
const MOST_DISPLAYS = 59_000;

/** Reads DISPLAY; undefined where it is empty or no display's name. macOS names its server by a path. */
export function parseDisplay(text: string | undefined): XDisplay | undefined {
  if (text === undefined || text.length > 500) return undefined;
  const match = /^(?<host>.*):(?<number>\d{1,5})(?:\.(?<screen>\d{1,3}))?$/.exec(text);
  if (match?.groups === undefined) return undefined;
  const { host = '', number: digits = '', screen = '0' } = match.groups;
  const number = Number(digits);
  if (number > MOST_DISPLAYS || Number(screen) > 255 || host.endsWith(':')) return undefined;
  const common = { number, screen: Number(screen) };
  if (host.startsWith('/')) return { ...common, host: '', address: { path: `${host}:${digits}` } };
  if (host === '' || host === 'unix') return { ...common, host: '', address: { path: `/tmp/.X11-unix/X${number}` } };
  const name = host.replace(/^tcp\//, '').replace(/^\[(.*)\]$/, '$1');
  return { ...common, host: name, address: { host: name, port: FIRST_PORT + number } };
}
