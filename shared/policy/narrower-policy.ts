import type { Protocol } from '../ids.ts';
import { restrictsFiles } from './file-rules.ts';
import { sessionPolicy, type SessionPolicy } from './session-policy.ts';

/** The session that a policy was granted to, as far as it decides which words of the policy bind it. */
export interface BoundSession {
  readonly protocol: Protocol;
  /** A program of the user's own is at its end: what the app alone keeps to binds nothing there. */
  readonly foreignClient: boolean;
  /** The sign-on is over, and with it what its words gave. */
  readonly signedOn: boolean;
}

interface Word<F extends keyof SessionPolicy> {
  /** Whether what stands now gives less, or keeps more evidence, than what was granted. */
  readonly isLess: (now: SessionPolicy[F], granted: SessionPolicy[F], whole: { readonly now: SessionPolicy; readonly granted: SessionPolicy; readonly protocol: Protocol }) => boolean;
  /** Where the gateway enforces the word. */
  readonly gateway: readonly Protocol[];
  /** Where the app alone keeps to it. */
  readonly app?: readonly Protocol[];
  /** It binds the sign-on and nothing after it. */
  readonly signOnOnly?: true;
}

const EVERY: readonly Protocol[] = ['ssh', 'sftp', 'vnc', 'rdp'];
const SSH: readonly Protocol[] = ['ssh'];
const DESKTOPS: readonly Protocol[] = ['vnc', 'rdp'];
/** In SSH the words on files decide whether command lines may run: `exec` looks at them there. */
const FILES: readonly Protocol[] = ['sftp', 'rdp'];

const turnedOff = (now: boolean, granted: boolean): boolean => granted && !now;
const turnedOn = (now: boolean, granted: boolean): boolean => now && !granted;
const lacks = (now: readonly string[], granted: readonly string[]): boolean => granted.some((one) => !now.includes(one));
const mayExec = (policy: SessionPolicy): boolean => policy.exec && !restrictsFiles(policy);
/** What binds a session's own end, or only what its user is told, takes nothing from what it may do. */
const nothing = { isLess: (): boolean => false, gateway: [] } as const;

/** Of each word of a policy what is less, and which sessions it binds. */
const WORDS: { readonly [F in keyof SessionPolicy]: Word<F> } = {
  recordInput: { isLess: turnedOn, gateway: ['ssh', 'vnc'] },
  maxDurationSeconds: nothing,
  idleSeconds: { isLess: (now, granted) => now < granted, gateway: EVERY },
  environmentNames: { isLess: lacks, gateway: SSH },
  exec: { isLess: (_now, _granted, whole) => mayExec(whole.granted) && !mayExec(whole.now), gateway: SSH },
  portForwarding: { isLess: turnedOff, gateway: SSH },
  agentForwarding: { isLess: turnedOff, gateway: SSH },
  x11Forwarding: { isLess: turnedOff, gateway: SSH },
  promptsReachUser: { isLess: turnedOff, gateway: ['ssh', 'sftp'], signOnOnly: true },
  firstUseTrust: { isLess: turnedOff, gateway: EVERY, signOnOnly: true },
  clipboardIn: { isLess: turnedOff, gateway: DESKTOPS, app: SSH },
  clipboardOut: { isLess: turnedOff, gateway: DESKTOPS, app: SSH },
  filesIn: { isLess: turnedOff, gateway: FILES },
  filesOut: { isLess: turnedOff, gateway: FILES },
  filesDelete: { isLess: turnedOff, gateway: ['sftp'] },
  filePaths: { isLess: (now, granted, { protocol }) => now.length > 0 && (granted.length === 0 || (protocol !== 'rdp' && liesOutside(granted, now))), gateway: FILES },
  maxFileBytes: { isLess: (now, granted) => now !== null && (granted === null || now < granted), gateway: FILES },
  deniedFileNames: { isLess: (now, granted) => lacks(granted.map(lowerCase), now.map(lowerCase)), gateway: FILES },
  viewOnly: { isLess: turnedOn, gateway: DESKTOPS },
  // Each connection of a program of the user's own is asked for, and judged, by itself.
  foreignClients: nothing,
  over443: { isLess: turnedOff, gateway: EVERY },
  tellWhoTerminated: nothing,
  tellWhoWatches: nothing,
  watermark: { isLess: turnedOn, gateway: [], app: EVERY },
};

/** Whether a policy gives a session less than the one that it was granted: such a session may do what nobody gives any more (rule 11). Words that do not bind it count for nothing. */
export function isNarrower(now: SessionPolicy, granted: SessionPolicy, session: BoundSession): boolean {
  return sessionPolicy.keyof().options.some((field) => isNarrowerIn(field, now, granted, session));
}

function isNarrowerIn<F extends keyof SessionPolicy>(field: F, now: SessionPolicy, granted: SessionPolicy, { protocol, foreignClient, signedOn }: BoundSession): boolean {
  const { isLess, gateway, app = [], signOnOnly } = WORDS[field];
  const binds = gateway.includes(protocol) || (!foreignClient && app.includes(protocol));
  return binds && !(signOnOnly === true && signedOn) && isLess(now[field], granted[field], { now, granted, protocol });
}

/** Whether one of the paths lies in none of the folders. */
function liesOutside(paths: readonly string[], folders: readonly string[]): boolean {
  return paths.some((path) => !folders.some((folder) => isWithin(path, folder)));
}

function isWithin(path: string, folder: string): boolean {
  const [inner, outer] = [`${path.replace(/\/+$/, '')}/`, `${folder.replace(/\/+$/, '')}/`];
  return inner.startsWith(outer);
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
