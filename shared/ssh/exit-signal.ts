/** The signals that RFC 4254 section 6.10 names: an `exit-signal` may carry these alone. */
const NAMED: ReadonlySet<string> = new Set(['ABRT', 'ALRM', 'FPE', 'HUP', 'ILL', 'INT', 'KILL', 'PIPE', 'QUIT', 'SEGV', 'TERM', 'USR1', 'USR2']);
/** Numbers of further signals on Linux, whose shells count an end by one of them as 128 and the number. */
const NUMBERED: ReadonlyMap<string, number> = new Map([
  ['TRAP', 5],
  ['BUS', 7],
  ['STKFLT', 16],
  ['XCPU', 24],
  ['XFSZ', 25],
  ['VTALRM', 26],
  ['PROF', 27],
  ['IO', 29],
  ['POLL', 29],
  ['PWR', 30],
  ['SYS', 31],
]);
const DEATH_BY_SIGNAL = 128;

/** How an end by a signal is passed on. */
export type PassedExit = { readonly signal: string } | { readonly status: number };

/**
 * How the end of a program by a signal is passed on to an SSH client: by the signal's name without `SIG` where the protocol has
 * it, else as a shell counts it. Undefined for a name that says neither (OpenSSH's server sends `SIG@openssh.com` for all signals
 * that the protocol does not name; a hostile one sends anything): the channel then ends without a status.
 */
export function passedExitSignal(name: string): PassedExit | undefined {
  const bare = name.replace(/^SIG/, '');
  if (NAMED.has(bare)) return { signal: bare };
  const number = NUMBERED.get(bare);
  return number === undefined ? undefined : { status: DEATH_BY_SIGNAL + number };
}
