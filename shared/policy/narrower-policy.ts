import { sessionPolicy, type SessionPolicy } from './session-policy.ts';

type Narrowing = { readonly [F in keyof SessionPolicy]: (now: SessionPolicy[F], granted: SessionPolicy[F]) => boolean };

const turnedOff = (now: boolean, granted: boolean): boolean => granted && !now;
const turnedOn = (now: boolean, granted: boolean): boolean => now && !granted;
const less = (now: number, granted: number): boolean => now < granted;
const lacks = (now: readonly string[], granted: readonly string[]): boolean => granted.some((one) => !now.includes(one));
/** What binds a session's own end, or only what its user is told, takes nothing from what it may do. */
const never = (): boolean => false;

/** Of each word of a policy whether what stands now gives less, or keeps more evidence, than what a session was granted. */
const NARROWINGS: Narrowing = {
  recordInput: turnedOn,
  maxDurationSeconds: never,
  idleSeconds: less,
  environmentNames: lacks,
  exec: turnedOff,
  portForwarding: turnedOff,
  agentForwarding: turnedOff,
  x11Forwarding: turnedOff,
  promptsReachUser: turnedOff,
  firstUseTrust: turnedOff,
  clipboardIn: turnedOff,
  clipboardOut: turnedOff,
  filesIn: turnedOff,
  filesOut: turnedOff,
  filesDelete: turnedOff,
  filePaths: (now, granted) => now.length > 0 && (granted.length === 0 || granted.some((path) => !now.some((folder) => isWithin(path, folder)))),
  maxFileBytes: (now, granted) => now !== null && (granted === null || now < granted),
  deniedFileNames: (now, granted) => lacks(granted.map(lowerCase), now.map(lowerCase)),
  viewOnly: turnedOn,
  // Each connection of a program of the user's own is asked for, and judged, by itself.
  foreignClients: never,
  over443: turnedOff,
  tellWhoTerminated: never,
  tellWhoWatches: never,
  watermark: turnedOn,
};

/** Whether a policy gives less than the one that a session was granted: such a session may do what nobody gives any more (rule 11). */
export function isNarrower(now: SessionPolicy, granted: SessionPolicy): boolean {
  return sessionPolicy.keyof().options.some((field) => isNarrowerIn(field, now, granted));
}

function isNarrowerIn<F extends keyof SessionPolicy>(field: F, now: SessionPolicy, granted: SessionPolicy): boolean {
  return NARROWINGS[field](now[field], granted[field]);
}

function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [`${path.replace(/\/+$/, '')}/`, `${folder.replace(/\/+$/, '')}/`];
  return inner.startsWith(outer);
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
