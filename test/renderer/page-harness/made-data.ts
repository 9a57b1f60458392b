import type { AuditEntry, ErrorLogEntry } from '../../../shared/api/audit.ts';
import type { SegmentState } from '../../../shared/api/gateways.ts';
import { recordingSummary, type RecordingSummary } from '../../../shared/api/recordings.ts';
import type { Protocol } from '../../../shared/ids.ts';
import type { Role } from '../../../shared/api/roles.ts';
import { user, type User } from '../../../shared/api/users.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import type { OwnLogLine } from '../../../shared/ipc/own-log.ts';
import { profilesState, session, type AccountState, type Session, type SessionPhase, type StoreStates, type UpdatePhase } from '../../../shared/ipc/stores.ts';
import { encodePlaybackEnd, encodePlaybackFrames, encodePlaybackHeader, type PlaybackEnd } from '../../../shared/recording/playback.ts';
import { encodeCount32, encodeJsonPayload, encodeResize, frameKind, type RecordingFrame } from '../../../shared/recording/recording-frame.ts';
import { playersCertificate } from '../../../src-renderer/recordings/rdp/players-certificate.ts';
import { rdpFrames } from './made-rdp-recording.ts';

/** Made-up but likely data for the pages, parsed by the contract's own schemas. */
const id = (number: number) => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
const NOW = Date.parse('2026-11-23T09:30:00Z');
const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();
export const REFERENCE = 'MV-7K3QX-M2P9D';

export const segments: SegmentState[] = [
  { segment: null, known: true, total: 7, available: 5, confirmedAt: ago(0) },
  { segment: 'gateway-office1', known: true, total: 2, available: 2, confirmedAt: ago(0) },
  { segment: 'gateway-tokyo', known: true, total: 2, available: 2, confirmedAt: ago(0) },
  { segment: 'gateway-taipei', known: true, total: 1, available: 1, confirmedAt: ago(0) },
  { segment: 'gateway-aws', known: true, total: 2, available: 0, confirmedAt: ago(4) },
  { segment: 'gateway-gcp', known: false, total: 0, available: 0, confirmedAt: null },
];

export function profiles(empty: boolean): StoreStates['profiles'] {
  const items = [
    { id: id(1), name: 'Nishi Trading', colour: 'blue', serviceUrl: 'https://mavis.nishi.example', pin: null, userName: 'y.tanaka', embedded: false },
    { id: id(2), name: '大安科技(測試)', colour: 'orange', serviceUrl: 'https://mavis-test.daan.example:8443', pin: `SHA256:${'A'.repeat(43)}`, userName: null, embedded: false },
  ];
  return profilesState.parse(empty ? { items: [], selected: null } : { items, selected: items[0]?.id });
}

export function person(role: Role, mustChangePassword = false): User {
  return user.parse({
    id: id(10), name: 'y.tanaka', displayName: '田中 陽子', role, expiresAt: role === 'vendor' ? '2026-12-31T15:00:00.000Z' : null, disabledAt: null, lockedUntil: null, mustChangePassword, createdAt: ago(90_000), lastSignInAt: ago(600),
  });
}

export function account(scene: string, role: Role): AccountState {
  if (scene === 'sign-in' || scene === 'no-profile') return { status: 'signed-out', reason: null };
  if (scene === 'sign-in-failed') return { status: 'signed-out', reason: { code: 'sign-in.locked', args: { minutes: 15 }, reference: null } };
  return { status: 'signed-in', user: person(role, scene === 'must-change'), expiresAt: '2026-11-23T18:00:00Z' };
}

export function settings(query: URLSearchParams): StoreStates['settings'] {
  return clientSettings.parse({ language: query.get('language') ?? 'en', theme: query.get('theme') ?? 'light', resourceView: query.get('view') ?? 'list', terminalTheme: query.get('terminal') ?? 'dark', terminalScreenReader: query.has('reader') });
}

/** Lines of the app's own log, oldest first; each fifth is a warning, each fiftieth an error under a reference. */
export function ownLogLines(first: number, end: number): OwnLogLine[] {
  return Array.from({ length: end - first }, (_, place) => {
    const number = first + place;
    const at = new Date(NOW - (5000 - number) * 60_000).toISOString();
    const level = number % 50 === 49 ? 'error' : number % 5 === 4 ? 'warn' : 'info';
    const [code, reference] = level === 'error' ? ['gateway.unreachable', REFERENCE] : ['', ''];
    const message = level === 'error' ? 'session failed' : level === 'warn' ? 'event stream lost' : `session step ${String(number)}`;
    return { id: `1:0:${String(number)}`, at, level, message, code, reference, text: JSON.stringify({ level: { info: 30, warn: 40, error: 50 }[level], time: Date.parse(at), pid: 1, msg: message, ...(level === 'error' ? { code, reference } : {}) }) };
  });
}

const OFFER = { version: '0.2.0', notes: 'Lists of 100,000 resources open at once.\n<b>Plain</b> text stays plain.', sizeBytes: 104_857_600 };
const updatePhases: Readonly<Record<string, UpdatePhase>> = {
  managed: { status: 'off', why: 'managed' },
  'no-keys': { status: 'off', why: 'no-keys' },
  unchecked: { status: 'unchecked' },
  checking: { status: 'checking' },
  'held-back': { status: 'held-back', version: '0.2.0' },
  available: { status: 'available', offer: OFFER },
  downloading: { status: 'downloading', offer: OFFER, receivedBytes: 41_943_040 },
  ready: { status: 'ready', offer: OFFER, install: 'restart', fileName: 'mavis-desktop-0.2.0-linux-x86_64.AppImage' },
  'by-hand': { status: 'ready', offer: OFFER, install: 'by-hand', fileName: 'mavis-desktop-0.2.0-linux-amd64.deb' },
  failed: { status: 'failed', error: { code: 'update.file-wrong', args: { file: 'mavis-desktop-0.2.0-linux-x86_64.AppImage' }, reference: null } },
};

/** Updates as a scene of the query (`updates`) has them. */
export function updates(scene: string | null): StoreStates['updates'] {
  const phase = updatePhases[scene ?? ''] ?? { status: 'up-to-date' };
  const answered = scene !== 'unchecked' && phase.status !== 'off';
  return { version: '0.1.0', source: answered ? 'service' : null, checkedAt: answered ? ago(3) : null, phase };
}

export function inventory(scene: string, count: number): StoreStates['inventory'] {
  const failed = scene === 'inventory-failed';
  const loading = scene === 'inventory-loading';
  return {
    status: failed ? 'failed' : loading ? 'loading' : 'ready',
    error: failed ? { code: 'service.unreachable', args: { address: 'mavis.nishi.example' }, reference: null } : null,
    total: count, loaded: loading ? Math.floor(count / 3) : count, revision: 1, online: scene !== 'offline' && !failed, segments,
  };
}

const phases: Readonly<Record<string, SessionPhase>> = {
  connecting: { status: 'connecting', step: 'target-reached', detail: 'reaching-target', prompt: null },
  prompt: {
    status: 'connecting', step: 'signed-on', detail: 'signing-on',
    prompt: {
      id: 1, kind: 'keyboard-interactive', name: 'tokyo-db-00009', instruction: 'Enter the code of your token.\n\u001B[31mYour MAVIS password has expired\u001B[0m \u202Etxt.exe',
      prompts: [{ prompt: 'One-time code: ', echo: true }, { prompt: 'PIN: ', echo: false }],
    },
  },
  credentials: { status: 'connecting', step: 'signed-on', detail: 'signing-on', prompt: { id: 2, kind: 'user-name-and-password', name: '', instruction: '', prompts: [] } },
  connected: { status: 'connected', since: '2026-11-23T09:20:00Z', recording: true, roundTripMs: 23, endsSoon: null, resuming: null },
  interrupted: { status: 'connected', since: '2026-11-23T09:20:00Z', recording: true, roundTripMs: null, endsSoon: null, resuming: { since: '2026-11-23T09:33:00Z', until: '2026-11-23T09:38:00Z' } },
  'ends-soon': { status: 'connected', since: '2026-11-23T09:20:00Z', recording: true, roundTripMs: 230, endsSoon: { code: 'session.time-limit', at: '2026-11-23T09:35:00Z' }, resuming: null },
  ended: { status: 'ended', error: { code: 'session.terminated', args: {}, reference: null }, exitStatus: null, signal: null, durationMs: 754_000 },
  lost: { status: 'ended', error: { code: 'session.gateway-lost', args: { gateway: 'gw-tokyo-1' }, reference: null }, exitStatus: null, signal: null, durationMs: 754_000 },
  exited: { status: 'ended', error: { code: 'session.ended', args: {}, reference: null }, exitStatus: 0, signal: null, durationMs: 54_000 },
  failed: { status: 'failed', step: 'target-reached', error: { code: 'target.time-out', args: {}, reference: null } },
  'failed-gateway': { status: 'failed', step: 'gateway-reached', error: { code: 'gateway.unreachable', args: { gateway: 'aws-gw-2' }, reference: null } },
  'failed-tunnel': { status: 'failed', step: 'target-reached', error: { code: 'target.time-out', args: {}, reference: null } },
  'failed-access': { status: 'failed', step: 'access', error: { code: 'access.outside-hours', args: { from: '09:00' }, reference: null } },
};

export const SESSION_ID = id(77);

export function madeSession(scene: string, number = 77, name = 'tokyo-db-00009'): Session {
  const phase = phases[scene] ?? { status: 'connected', since: ago(10), recording: true, roundTripMs: 23, endsSoon: null, resuming: null };
  const failedEarly = scene === 'failed-access';
  return session.parse({
    id: id(number), profileName: 'Nishi Trading', profileColour: 'blue', resourceId: id(9), resourceName: name, protocol: protocolOf(scene), userName: 'y.tanaka', reference: REFERENCE,
    gatewayName: failedEarly ? null : 'tokyo-gw-1', segment: failedEarly ? null : 'gateway-tokyo', firstGatewayName: scene === 'tunnel' || scene === 'failed-tunnel' ? 'entry-gw-1' : null, tunnel: scene === 'tunnel' || scene === 'failed-tunnel',
    way: null, stepsMs: failedEarly ? {} : { access: 41, 'gateway-chosen': 18, 'gateway-reached': 66 },
    tried: scene.startsWith('failed') && !failedEarly ? [{ gatewayId: id(31), gatewayName: 'tokyo-gw-2', leg: 'L2', code: 'gateway.time-out', milliseconds: 3002 }, { gatewayId: id(32), gatewayName: 'tokyo-gw-3', leg: 'L3', code: 'gateway.link-unreachable', milliseconds: 1204 }] : [],
    allowedProtocols: scene === 'files-restricted' ? ['sftp'] : ['sftp', 'ssh'],
    policy: { recordInput: true, ...(scene === 'files-restricted' ? { filesIn: false, filesDelete: false } : {}), ...(scene === 'desktop-vnc-look' ? { viewOnly: true, clipboardIn: false, clipboardOut: false } : {}), watermark: scene === 'watched' || scene === 'desktop-rdp' }, watching: scene === 'watching' || scene === 'desktop-rdp-watching' ? { connectionId: id(300), userName: 'k.lin', mayEnd: true } : null, foreignClientId: null, watchedBy: scene === 'watched' || scene === 'desktop-rdp' ? { watchers: 2, names: ['m.sato', 'k.lin'] } : null, targetEncrypted: !scene.startsWith('desktop-vnc'), targetCertificate: scene.startsWith('desktop-rdp') ? btoa(String.fromCharCode(...playersCertificate())) : null, phase, attempt: 1,
    forwarding: scene === 'forwarding' ? { agent: { status: 'on', openings: 5, signatures: 3, code: null }, x11: { status: 'failed', code: 'forwarding.display-missing' } } : { agent: { status: 'off' }, x11: { status: 'off' } },
  });
}

const protocolsOfScenes = { files: 'sftp', 'desktop-rdp': 'rdp', 'desktop-vnc': 'vnc' } as const;

function protocolOf(scene: string): Protocol {
  return Object.entries(protocolsOfScenes).find(([beginning]) => scene.startsWith(beginning))?.[1] ?? 'ssh';
}

/** Recordings of each state; `pulled`: the one that was being made is sealed, and with the service. */
export function recordings(pulled = false, protocol: Protocol = 'ssh'): RecordingSummary[] {
  const states = ['sealed', 'sealed', pulled ? 'sealed' : 'recording', 'recovered', 'incomplete', 'sealed'] as const;
  return states.map((state, number) =>
    recordingSummary.parse({
      id: id(200 + number), connectionId: id(300 + number), reference: `MV-7K3QX-M2P${number}D`, userName: number % 2 ? 'k.lin' : 'y.tanaka', resourceName: number % 2 ? 'taipei-web-00002' : 'tokyo-db-00009', protocol, gatewayId: id(31), gatewayName: 'tokyo-gw-1',
      startedAt: ago(60 * number + 12), endedAt: state === 'recording' ? null : ago(60 * number), durationMs: state === 'recording' ? null : 42_000 + number * 61_000, sizeBytes: 48_000 * (number + 1) ** 3, state,
      code: state === 'recovered' ? 'recording.recovered' : state === 'incomplete' ? 'recording.evidence-missing' : null, stored: state !== 'recording',
    }),
  );
}

/** A recording's playback: a shell that is typed into, with a pause, a resize, wide text, hostile sequences and an exit; or a desktop. */
export function playbackBytes(protocol: Protocol = 'ssh', end: PlaybackEnd = { state: 'sealed', code: null }): Uint8Array[] {
  const encoder = new TextEncoder();
  const at = (seconds: number) => Math.round(seconds * 1e6);
  const output = (seconds: number, text: string): RecordingFrame => ({ kind: frameKind.output, microseconds: at(seconds), payload: encoder.encode(text) });
  const prompt = '\u001B[1;32moperator@tokyo-db-00009\u001B[0m:\u001B[1;34m~\u001B[0m$ ';
  const frames: RecordingFrame[] = [
    { kind: frameKind.request, microseconds: at(0), payload: encodeJsonPayload({ kind: 'shell' }) },
    { kind: frameKind.resize, microseconds: at(0), payload: encodeResize({ columns: 100, rows: 28, widthPx: 0, heightPx: 0 }) },
    output(0.2, `Welcome to tokyo-db-00009\r\n\u001B]0;hostile title\u0007\u001B]52;c;Y2FuYXJ5\u0007${prompt}`),
    { kind: frameKind.inputMark, microseconds: at(1.4), payload: encodeCount32(6) },
    output(1.5, 'ls -la\r\n'),
    output(1.6, ['total 24', '-rw-r--r-- 1 operator operator  812 Nov 23 09:12 注文一覧.csv', '-rw-r--r-- 1 operator operator 4120 Nov 22 18:40 備份清單.txt', 'drwxr-xr-x 4 operator operator 4096 Nov 20 07:02 \u001B[1;34mreports\u001B[0m', ''].join('\r\n') + prompt),
    output(25, 'echo made-$((6*7)) 日本語 繁體\r\nmade-42 日本語 繁體\r\n' + prompt),
    { kind: frameKind.resize, microseconds: at(31), payload: encodeResize({ columns: 120, rows: 32, widthPx: 0, heightPx: 0 }) },
    output(33, '\u001B]8;;javascript:alert(1)\u0007a link\u001B]8;;\u0007\r\n' + prompt),
    output(40, 'exit\r\n'),
    { kind: frameKind.exitStatus, microseconds: at(41), payload: encodeCount32(0) },
  ];
  const played = protocol === 'rdp' ? rdpFrames() : frames;
  const header = encodePlaybackHeader({
    recordingId: recordings()[0]?.id ?? recordingSummary.shape.id.parse(id(200)), connectionId: recordingSummary.shape.connectionId.parse(id(300)), reference: recordingSummary.shape.reference.parse(REFERENCE), gatewayId: recordingSummary.shape.gatewayId.parse(id(31)), gatewayName: 'tokyo-gw-1', protocol, channel: 0,
    user: { id: person('user').id, name: 'y.tanaka', displayName: '田中 陽子' }, resource: { id: madeSession('connected').resourceId, name: 'tokyo-db-00009' }, startedAt: ago(12), facts: { columns: 100, rows: 28 }, state: 'sealed', code: null, durationMs: 41_000, closedAt: ago(11),
  });
  return [header, encodePlaybackFrames(played.slice(0, 6)), encodePlaybackFrames(played.slice(6)), encodePlaybackEnd(end, at(41))];
}

export function auditEntries(): AuditEntry[] {
  const kinds = ['connection.ended', 'connection.connected', 'connection.asked', 'sign-in.succeeded', 'connection.failed', 'gateway.state-changed', 'sign-in.failed', 'resource.updated', 'recording.played'] as const;
  return Array.from({ length: 340 }, (_, number) => {
    const kind = kinds[number % kinds.length] ?? 'connection.asked';
    const connection = kind.startsWith('connection');
    return {
      id: id(400 + number), at: ago(number * 3), kind,
      actor: kind.startsWith('gateway') ? { kind: 'gateway', id: id(31), name: 'tokyo-gw-1' } : { kind: 'user', id: id(10), name: number % 4 ? 'y.tanaka' : 'k.lin' },
      reference: connection ? `MV-7K3QX-M2P${number % 10}D` : null,
      facts: connection ? { connectionId: id(300), userId: id(10), user: 'y.tanaka', resource: 'tokyo-db-00009', protocol: 'ssh', gateway: 'tokyo-gw-1', segment: 'gateway-tokyo', ...(kind === 'connection.failed' ? { code: 'target.time-out', leg: 'L4' } : {}) } : { address: '203.0.113.9' },
      sequence: number === 0 ? null : 9000 - number, hash: number === 0 ? null : 'q7nD3kP0vX2mB8yR5tLw1zJc9sHe4uFa6gKiQoNpTbM',
    };
  });
}

export function errorEntries(): ErrorLogEntry[] {
  const codes = ['target.time-out', 'gateway.link-unreachable', 'gateway.none-available', 'target.identity-changed', 'gateway.clock-differs', 'quantum.flux'] as const;
  return codes.map((code, number) => ({
    id: id(500 + number), at: ago(number * 14), code, leg: code.startsWith('target') ? 'L4' : 'L3', reference: number % 2 ? null : `MV-7K3QX-M2P${number}D`, gatewayName: number === 2 ? null : 'tokyo-gw-1',
    facts: code === 'gateway.none-available' ? { segment: 'gateway-aws' } : code === 'gateway.clock-differs' ? { seconds: 74 } : { resource: 'tokyo-db-00009' },
  }));
}
