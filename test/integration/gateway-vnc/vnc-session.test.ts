import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { frameKind, decodeJsonPayload, decodeResize, markPayload, decodeCount32 } from '../../../shared/recording/recording-frame.ts';
import type { RecordingId } from '../../../shared/ids.ts';
import { makeSpool, pull, readRecording, type ReadRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { messages, RfbClient } from '../../fixtures/rfb-client.ts';
import { makeSelfSigned } from '../../fixtures/self-signed.ts';
import { socketPair } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant, type GrantWishes } from '../../fixtures/target-grant.ts';
import { runVncSession, signOnToTarget, type VncSignOn, type VncTestSession } from '../../fixtures/vnc-session.ts';
import { startAccountVncTarget } from '../../targets/account-vnc-target.ts';
import { coloursOf } from '../../targets/colour-scene.ts';
import { startVncTarget, type VncTarget } from '../../targets/vnc-target.ts';

// The gateway's own code against real VNC servers, with a client that is not ours (rule 21).

let plain: VncTarget;
let secured: VncTarget;
let x11vnc: VncTarget;
let certificateFingerprint: string;
let spool: TestSpool;

beforeAll(async () => {
  const certificate = await makeSelfSigned('vnc-target');
  certificateFingerprint = fingerprintOf(certificate.certificatePem);
  [plain, secured, x11vnc] = await Promise.all([
    startVncTarget({ width: 640, height: 480 }),
    startVncTarget({ securityTypes: 'X509Vnc,TLSVnc', width: 320, height: 200, certificate }),
    startVncTarget({ server: 'x11vnc', width: 640, height: 480 }),
  ]);
  await Promise.all([plain, x11vnc].map((target) => target.drawScene(7)));
});
afterAll(async () => {
  await Promise.all([plain, secured, x11vnc].map((target) => target.stop()));
});
beforeEach(async () => {
  spool = await makeSpool();
});
afterEach(async () => {
  await spool.remove();
});

function fingerprintOf(certificatePem: string): string {
  const { fingerprint256 } = new X509Certificate(certificatePem);
  return `SHA256:${Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64').replace(/=+$/, '')}`;
}

/** Raw points, the desktop's size, and the pointer apart from the picture. */
const PICTURE: readonly number[] = [0, -239, -308];

type Wishes = Omit<Partial<GrantWishes>, 'host' | 'port'> & { readonly answers?: readonly string[] };

function signsOn(target: VncTarget, { answers, ...wishes }: Wishes = {}): Promise<VncSignOn> {
  const credential = { kind: 'password' as const, userName: 'unused', password: target.password };
  return signOnToTarget(spool, makeTargetGrant({ host: target.host, port: target.port, protocol: 'vnc', credential, ...wishes }), answers === undefined ? {} : { answers });
}

async function begin(wishes: Wishes = {}, encodings = PICTURE, target = plain): Promise<VncTestSession> {
  const session = await runVncSession((await signsOn(target, wishes)).target);
  await session.client.begin(encodings);
  return session;
}

async function recordingOf(id: RecordingId): Promise<ReadRecording> {
  return readRecording(await pull(spool.spool, id), spool.keys);
}

function marksOf({ frames }: ReadRecording): string[] {
  return frames.filter(({ kind }) => kind === frameKind.mark).map(({ payload }) => decodeJsonPayload(markPayload, payload)).map(({ name, detail }) => (detail === '' ? name : `${name} ${detail}`));
}

async function leave(session: VncTestSession): Promise<ReadRecording> {
  session.clientSocket.end();
  await session.ended;
  const [id] = session.connected;
  if (id === undefined) throw new Error('no recording');
  return recordingOf(id);
}

describe('signing on to a VNC target (S20)', () => {
  test('a client whose line breaks in the handshake has closed the session, and the log tells what broke', async () => {
    const session = await runVncSession((await signsOn(plain)).target);
    await once(session.clientSocket, 'data');
    session.clientSocket.resetAndDestroy();
    expect(await session.ended).toMatchObject({ code: 'session.closed-by-user' });
    const line = spool.logLines.findLast((one) => one.includes('the client left in the handshake'));
    expect(line).toContain('ECONNRESET');
  });

  test('X509Vnc with the certificate that was confirmed', async () => {
    const signedOn = await signsOn(secured, { identities: [certificateFingerprint] });
    expect(signedOn.target).toMatchObject({ targetEncrypted: true, targetIdentity: certificateFingerprint });
    const session = await runVncSession(signedOn.target);
    await session.client.begin();
    await session.client.refresh();
    expect(session.client).toMatchObject({ width: 320, height: 200 });
    session.clientSocket.end();
    await session.ended;
    await expect.poll(() => secured.log()).toContain('X509Vnc');
  });

  test('a certificate that nobody confirmed, or another one, gets no credential (rule 14)', async () => {
    await expect(signsOn(secured)).rejects.toMatchObject({ code: 'target.identity-unknown', args: { fingerprint: certificateFingerprint }, witness: { credentialsSent: 0 } });
    const other = `SHA256:${'A'.repeat(43)}`;
    await expect(signsOn(secured, { identities: [other] })).rejects.toMatchObject({ code: 'target.identity-changed', args: { expected: other, seen: certificateFingerprint }, witness: { credentialsSent: 0 } });
  });

  test('A15: a target whose certificate is known and that shows none now is not that target', async () => {
    await expect(signsOn(plain, { identities: [certificateFingerprint] })).rejects.toMatchObject({ code: 'target.identity-not-shown', witness: { credentialsSent: 0 } });
  });

  test('rule 8, S32: where nothing may run in clear, a target that does gets no answer to its challenge either', async () => {
    await expect(signsOn(plain, { allowUnencrypted: false })).rejects.toMatchObject({ code: 'tunnel.unencrypted-target', witness: { credentialsSent: 0 } });
    const signedOn = await signsOn(secured, { allowUnencrypted: false, identities: [certificateFingerprint] });
    signedOn.target.abandon();
  });

  test('TLSVnc, whose other end could be anyone, only where the resource allows it', async () => {
    const anonymous = await startVncTarget({ securityTypes: 'TLSVnc', width: 320, height: 200 });
    try {
      await expect(signsOn(anonymous)).rejects.toMatchObject({ code: 'target.identity-not-shown', witness: { credentialsSent: 0 } });
      const signedOn = await signsOn(anonymous, { allowAnonymousTls: true });
      expect(signedOn.target).toMatchObject({ targetEncrypted: true, targetIdentity: null });
      signedOn.target.abandon();
    } finally {
      await anonymous.stop();
    }
  });

  test.each([
    ['X509Plain', true],
    ['TLSPlain', false],
  ])('%s: the stored account signs on by its name and password, and a wrong one is refused after one try', async (securityTypes, certified) => {
    const certificate = await makeSelfSigned('vnc-accounts');
    const accounts = await startAccountVncTarget({ securityTypes, ...(certified ? { certificate } : {}) });
    const { host, port, user, password } = accounts;
    const rules = certified ? { identities: [fingerprintOf(certificate.certificatePem)] } : { allowAnonymousTls: true };
    const grant = (said: string) => makeTargetGrant({ host, port, protocol: 'vnc', credential: { kind: 'password', userName: user, password: said }, ...rules });
    try {
      const signedOn = await signOnToTarget(spool, grant(password));
      expect(signedOn).toMatchObject({ credentialsSent: 1, target: { targetEncrypted: true, targetIdentity: certified ? fingerprintOf(certificate.certificatePem) : null } });
      const session = await runVncSession(signedOn.target);
      await session.client.begin();
      expect([session.client.width, session.client.height]).toEqual([320, 200]);
      await leave(session);
      await expect(signOnToTarget(spool, grant('canary-of-nobody'))).rejects.toMatchObject({ code: 'target.sign-on-refused', witness: { credentialsSent: 1 } });
      expect(spool.logLines.join('')).not.toMatch(new RegExp(`canary|${password}`));
    } finally {
      await accounts.stop();
    }
  });

  test('a user who signs on with an own password is asked for it alone', async () => {
    const signedOn = await signsOn(plain, { credential: { kind: 'ask-user', userName: 'aiko' }, answers: [plain.password] });
    expect(signedOn.questions).toMatchObject([{ kind: 'user-name-and-password', name: 'aiko', prompts: [{ echo: false }] }]);
    signedOn.target.abandon();
  });

  test('a key signs nobody on', async () => {
    await expect(signsOn(plain, { credential: { kind: 'private-key', userName: 'x', privateKey: 'x' } })).rejects.toMatchObject({ code: 'resource.no-credential', witness: { credentialsSent: 0 } });
  });
});

describe.each([
  { name: 'TigerVNC', server: 'tigervnc' },
  { name: 'x11vnc', server: 'x11vnc' },
] as const)('S20: each kind of server: $name', ({ server }) => {
  const desktop = (): VncTarget => (server === 'x11vnc' ? x11vnc : plain);

  test('VncAuth: the client is asked for nothing, and the way is told to be unencrypted', async () => {
    const signedOn = await signsOn(desktop());
    expect(signedOn).toMatchObject({ steps: ['checking-identity', 'signing-on', 'signed-on'], credentialsSent: 1, questions: [], target: { targetEncrypted: false, targetIdentity: null, sshHostKey: null } });
    const session = await runVncSession(signedOn.target);
    await session.client.begin();
    expect(session.client).toMatchObject({ securityTypes: [1], width: 640, height: 480, name: 'MAVIS demo desktop' });
    session.clientSocket.end();
    expect(await session.ended).toMatchObject({ code: 'session.closed-by-user' });
  });

  test('a wrong stored password is refused after one try, and stands in no log', async () => {
    const credential = { kind: 'password' as const, userName: 'unused', password: 'canary12' };
    await expect(signsOn(desktop(), { credential })).rejects.toMatchObject({ code: 'target.sign-on-refused', witness: { credentialsSent: 1 } });
    expect(spool.logLines.join('')).not.toContain('canary');
  });

  test('what the client is sent is what the X server shows, pixel by pixel; a shift of one pixel would be seen (rule 38)', async () => {
    const session = await begin({}, PICTURE, desktop());
    const shown = await desktop().picture();
    // x11vnc looks at its screen piece by piece, and only while somebody is there.
    await expect.poll(async () => (await session.client.refresh(), session.client.picture.pixels.equals(shown.pixels)), { timeout: 60_000 }).toBe(true);
    const drawn = session.client.picture;
    expect(coloursOf(drawn)).toBeGreaterThan(1000);
    expect(drawn.pixels.subarray(3).equals(shown.pixels.subarray(0, -3))).toBe(false);
    await leave(session);
  });

  test('keys arrive, each printable one as it was typed, and none stands in the recording', async () => {
    const printable = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at)).join('');
    const { folder, start, run } = desktop();
    const file = `${folder}/typed`;
    start('xterm', '-e', 'sh', '-c', `stty -echo -icanon; echo ready > ${file}.ready; head -c ${printable.length} > ${file}`);
    await expect.poll(() => run('cat', `${file}.ready`).catch(() => ''), { timeout: 60_000 }).toContain('ready');
    const session = await begin({}, PICTURE, desktop());
    session.client.send(messages.pointer(100, 100, 0));
    session.client.send(messages.press(printable));
    await expect.poll(() => run('cat', file).catch(() => ''), { timeout: 60_000 }).toBe(printable);
    expect(session.activity).toBeGreaterThanOrEqual(printable.length * 2);
    const { frames } = await leave(session);
    expect(frames.some(({ kind }) => kind === frameKind.input || kind === frameKind.inputMark)).toBe(false);
  });

  test('text goes both ways where the rule allows it, and its length stands in the recording', async () => {
    const session = await begin({}, PICTURE, desktop());
    const { client } = session;
    const came = client.until(() => client.cutTexts.includes('from the target'));
    // x11vnc takes no text in its first moments: sent again until it has.
    const pasted = async (): Promise<string> => {
      client.send(messages.cutText('from the client'));
      return desktop().run('timeout', '2', 'xclip', '-o', '-selection', 'clipboard').catch(() => '');
    };
    await expect.poll(pasted, { timeout: 60_000, interval: 200 }).toBe('from the client');
    // And for 15 s it keeps back what programs copy, unless one of them is old enough to use a cut buffer.
    const cutBuffer = async (): Promise<boolean> => {
      await desktop().run('xprop', '-root', '-f', 'CUT_BUFFER0', '8s', '-set', 'CUT_BUFFER0', 'of an old program');
      return client.cutTexts.includes('of an old program');
    };
    await expect.poll(cutBuffer, { timeout: 60_000, interval: 200 }).toBe(server === 'x11vnc');
    await desktop().run('sh', '-c', 'echo -n from the target | xclip -i -selection clipboard >/dev/null 2>&1');
    await came;
    expect(marksOf(await leave(session))).toEqual(expect.arrayContaining(['clipboard-in 15', 'clipboard-out 15']));
  });

  test('a target that is killed is told as lost; what it sent before has arrived', async () => {
    const doomed = await startVncTarget({ server, width: 320, height: 200 });
    try {
      const session = await begin({}, PICTURE, doomed);
      await session.client.refresh();
      doomed.kill();
      expect(await session.ended).toMatchObject({ code: 'target.lost' });
      expect(session.client.updates).toBeGreaterThan(0);
      await expect.poll(() => spool.closed).toMatchObject([{ state: 'sealed' }]);
    } finally {
      await doomed.stop();
    }
  });
});

describe('servers that are none, or mean harm', () => {
  const number = (value: number): number[] => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  const said = (text: string, ...rest: readonly (readonly number[])[]): Buffer => Buffer.concat([Buffer.from(text, 'latin1'), ...rest.map((part) => Buffer.from(part))]);
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** Says it all at once and then nothing more, whatever it is told. */
  async function scripted(speech: Buffer, andEnds = false, hears: (bytes: Buffer) => void = () => undefined): Promise<VncTarget> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', hears);
      if (andEnds) socket.end(speech);
      else socket.write(speech);
    });
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { ...plain, port: address.port };
  }

  test.each([
    ['version 3.3, which chooses by itself', said('RFB 003.003\n', number(2), Array<number>(16).fill(1), number(0)), 1],
    ['version 3.7 without a password, where no result comes', said('RFB 003.007\n', [1, 1]), 0],
    ['a version of its maker’s own', said('RFB 003.889\n', [1, 1], number(0)), 0],
    ['RealVNC’s version 5', said('RFB 005.000\n', [2, 5, 2], Array<number>(16).fill(1), number(0)), 1],
  ])('%s is signed on to', async (_what, speech, credentialsSent) => {
    const signedOn = await signsOn(await scripted(speech));
    expect(signedOn).toMatchObject({ credentialsSent, target: { targetEncrypted: false } });
    signedOn.target.abandon();
  });

  test.each([
    ['another protocol', said('SSH-2.0-OpenSSH\r\n'), 'target.protocol-error'],
    ['nothing, and goes', said(''), 'target.protocol-error'],
    ['half a version, and goes', said('RFB 003'), 'target.protocol-error'],
    ['ways of signing on that nobody has described', said('RFB 003.008\n', [2, 5, 129]), 'target.security-unsupported'],
    ['no way, and a reason of gigabytes', said('RFB 003.008\n', [0], number(0xffff_ffff)), 'target.protocol-error'],
    ['no way, because of too many tries', said('RFB 003.008\n', [0], number(4), [...Buffer.from('wait')]), 'target.sign-on-refused'],
    ['an older VeNCrypt', said('RFB 003.008\n', [1, 19, 0, 1]), 'target.security-unsupported'],
    ['a VeNCrypt that has only its unprotected password', said('RFB 003.008\n', [1, 19, 0, 2, 0, 1, 0, 0, 1, 0]), 'target.security-unsupported'],
    ['a VeNCrypt that takes back its word', said('RFB 003.008\n', [1, 19, 0, 2, 0, 1, 0, 0, 1, 5, 0]), 'target.protocol-error'],
    ['too many wrong passwords', said('RFB 003.008\n', [1, 2], Array<number>(16).fill(1), number(2)), 'target.sign-on-refused'],
  ])('one that says %s is told as what it is', async (_what, speech, code) => {
    await expect(signsOn(await scripted(speech, true))).rejects.toMatchObject({ code });
  });

  test('rule 21: the one pixel format of sessions is asked for by the gateway, and told to the client: one that asks for none would have text pass as pixels', async () => {
    const heard: Buffer[] = [];
    const sixteenBits = [16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0];
    const { target } = await signsOn(await scripted(said('RFB 003.008\n', [1, 1], number(0), [0, 64, 0, 64, ...sixteenBits, ...number(0)]), false, (bytes) => heard.push(bytes)));
    const session = await runVncSession(target);
    const { client } = session;
    client.send(await client.read(12));
    await client.read(2);
    client.send(Uint8Array.of(1));
    await client.read(4);
    client.send(Uint8Array.of(1));
    const format = messages.pixelFormat();
    expect((await client.read(24)).subarray(4, 20)).toEqual(format.subarray(4));
    await expect.poll(() => Buffer.concat(heard).includes(format)).toBe(true);
    session.clientSocket.end();
    await session.ended;
  });

  test.each([
    ['A13: a desktop of 65535 by 65535', [0xff, 0xff, 0xff, 0xff, ...Array<number>(16).fill(0), ...number(0)]],
    ['a name of gigabytes', [0, 64, 0, 64, ...Array<number>(16).fill(0), ...number(0xffff_ffff)]],
  ])('%s is no session, and nothing is recorded of it', async (_what, serverInit) => {
    const { target } = await signsOn(await scripted(said('RFB 003.008\n', [1, 1], number(0), serverInit)));
    const session = await runVncSession(target);
    expect(await session.ended).toMatchObject({ code: 'target.protocol-error' });
    expect(session.connected).toEqual([]);
    expect(spool.closed).toEqual([]);
  });
});

describe('a VNC session', () => {
  test('the desktop follows a wished size, which stands in the recording', async () => {
    const session = await begin();
    session.client.send(messages.desktopSize(800, 500));
    await session.client.until(() => session.client.width === 800 && session.client.height === 500);
    session.client.send(messages.desktopSize(640, 480));
    await session.client.until(() => session.client.width === 640);
    const { frames } = await leave(session);
    expect(frames.filter(({ kind }) => kind === frameKind.resize).length).toBeGreaterThanOrEqual(2);
  });

  test('a desktop as wide as several screens is asked for, drawn point for point, and recorded; one larger than any is no wish', async () => {
    const wide = await startVncTarget({ width: 640, height: 480 });
    try {
      await wide.drawScene(3);
      const session = await runVncSession((await signsOn(wide)).target);
      await session.client.begin([0, -308]);
      session.client.send(messages.desktopSize(5120, 1440));
      await session.client.until(() => session.client.width === 5120 && session.client.height === 1440);
      const drawnAsShown = async (): Promise<readonly unknown[]> => {
        await session.client.refresh();
        const { width, height, pixels } = await wide.picture();
        return [width, height, session.client.picture.pixels.equals(pixels)];
      };
      // What is on the screen draws itself anew where it has grown.
      await expect.poll(drawnAsShown, { timeout: 60_000 }).toEqual([5120, 1440, true]);
      session.client.send(messages.desktopSize(16_385, 480));
      expect(await session.ended).toMatchObject({ code: 'session.protocol-violation' });
      const [id] = session.connected;
      if (id === undefined) throw new Error('no recording');
      const { frames, verification } = await recordingOf(id);
      expect(frames.filter(({ kind }) => kind === frameKind.resize).map(({ payload }) => decodeResize(payload).widthPx)).toContain(5120);
      expect(verification.ok).toBe(true);
    } finally {
      await wide.stop();
    }
  });

  test('letters of other keyboards arrive: those with accents and Japanese ones as they are, and a dead key with its letter as the target puts them together', async () => {
    const [letters, deadAcute, e] = ['àéîñößçÅ¥ｱあ漢', 0xfe51, 0x65];
    const file = `${plain.folder}/letters`;
    plain.start('xterm', '-T', 'letters', '-e', 'sh', '-c', `stty -echo; echo ready > ${file}.ready; head -n 1 > ${file}`);
    await expect.poll(() => plain.run('cat', `${file}.ready`).catch(() => ''), { timeout: 60_000 }).toContain('ready');
    await plain.run('xdotool', 'search', '--onlyvisible', '--name', '^letters$', 'windowfocus');
    const session = await begin();
    const press = (keysym: number): void => session.client.send(Buffer.concat([messages.key(keysym, true), messages.key(keysym, false)]));
    // Letters of Latin-1 are keysyms of their own; all others are so by their number in Unicode.
    for (const letter of letters) press((letter.codePointAt(0) ?? 0) < 0x100 ? letter.charCodeAt(0) : 0x100_0000 + letter.charCodeAt(0));
    for (const keysym of [deadAcute, e, 0xff0d]) press(keysym);
    await expect.poll(() => plain.run('cat', file).catch(() => ''), { timeout: 60_000 }).toBe(`${letters}é\n`);
    await leave(session);
  });

  test('where a rule records input, keys leave marks and never themselves (rule 20)', async () => {
    const session = await begin({ policy: { recordInput: true } });
    session.client.send(messages.press('secret'));
    await expect.poll(() => session.activity).toBeGreaterThanOrEqual(12);
    const { frames } = await leave(session);
    expect(frames.filter(({ kind }) => kind === frameKind.inputMark).reduce((sum, { payload }) => sum + decodeCount32(payload), 0)).toBe(6);
    expect(frames.some(({ kind }) => kind === frameKind.input)).toBe(false);
  });

  test('S24: text the rule does not allow goes neither way, whatever the client sends, and the refusals stand in the recording', async () => {
    await plain.run('sh', '-c', 'echo -n before | xclip -i -selection clipboard >/dev/null 2>&1');
    const session = await begin({ policy: { clipboardIn: false, clipboardOut: false } });
    session.client.send(messages.cutText('canary in'));
    await session.client.refresh();
    await plain.run('sh', '-c', 'echo -n canary out | xclip -i -selection clipboard >/dev/null 2>&1');
    await expect.poll(() => spool.logLines.join(''), { timeout: 60_000 }).toContain('clipboard-out');
    expect(session.client.cutTexts).toEqual([]);
    expect(await plain.run('xclip', '-o', '-selection', 'clipboard')).toBe('canary out');
    const recording = await leave(session);
    expect(marksOf(recording)).toEqual(expect.arrayContaining(['refused clipboard-in', 'refused clipboard-out']));
    expect(recording.output.includes('canary')).toBe(false);
  });

  test('rule 19: what happens on the desktop stands in the recording, also where the client asks for no picture', async () => {
    const own = await startVncTarget({ width: 640, height: 480 });
    try {
      const session = await runVncSession((await signsOn(own)).target);
      await session.client.begin([0, -308]);
      for (const scene of [11, 12]) {
        await own.drawScene(scene);
        const shown = await own.picture();
        // It reads what comes, and asks for nothing.
        while (!session.client.picture.pixels.equals(shown.pixels)) await session.client.message();
      }
      expect((await leave(session)).output.length).toBeGreaterThan(640 * 480 * 4);
    } finally {
      await own.stop();
    }
  });

  test('view only: keys, pointer, text and sizes of the client go nowhere, the picture still comes', async () => {
    const session = await begin({ policy: { viewOnly: true } });
    const before = await plain.run('xdotool', 'getmouselocation').catch(() => '');
    session.client.send(Buffer.concat([messages.press('x'), messages.pointer(1, 1, 1), messages.pointer(1, 1, 0), messages.cutText('canary'), messages.desktopSize(800, 600)]));
    await session.client.refresh();
    expect(session.client).toMatchObject({ width: 640, height: 480 });
    expect(coloursOf(session.client.picture)).toBeGreaterThan(1000);
    expect(await plain.run('xdotool', 'getmouselocation').catch(() => '')).toBe(before);
    expect(session.activity).toBe(0);
    expect(marksOf(await leave(session))).toEqual(expect.arrayContaining(['refused input', 'refused clipboard-in', 'refused desktop-size']));
  });

  test.each([
    ['an unknown message', Buffer.from([77])],
    ['another pixel format', messages.pixelFormat([16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0, 0, 0, 0])],
    ['a text of gigabytes', Buffer.from([6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff])],
    ['a fence that is too long', Buffer.from([248, 0, 0, 0, 0, 0, 0, 0, 65])],
    ['a desktop without a pixel', messages.desktopSize(0, 0)],
    ['encodings without end', Buffer.from([2, 0, 0xff, 0xff])],
    ['a shutdown of the machine', Buffer.from([250, 0, 1, 2])],
  ])('a client that sends %s ends its session', async (_what, bytes) => {
    const session = await begin();
    session.client.send(bytes);
    expect(await session.ended).toMatchObject({ code: 'session.protocol-violation' });
  });

  test('encodings that the player could not draw are not asked for', async () => {
    const session = await begin({}, [50, 21, -260, 0]);
    await session.client.refresh();
    expect(session.client.picture.pixels.equals((await plain.picture()).pixels)).toBe(true);
    await leave(session);
  });

  test('the recording plays: from its first byte it is what a client needs to draw the same picture', async () => {
    const session = await begin();
    await session.client.refresh();
    session.tellLine('interrupted');
    session.tellLine('resumed');
    const recording = await leave(session);
    expect(recording.verification).toMatchObject({ ok: true });
    expect(recording.header).toMatchObject({ protocol: 'vnc', facts: { kind: 'desktop', width: 640, height: 480, security: 'VncAuth' } });
    expect(marksOf(recording)).toEqual(['interrupted', 'resumed']);
    await expect.poll(() => spool.closed).toMatchObject([{ state: 'sealed' }]);
    // The handshake before it is always the same, so that it need not be stored.
    const { near, far } = await socketPair();
    far.write(Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.of(1, 1), Buffer.alloc(4), recording.output]));
    const player = await new RfbClient(near).begin([0, -308]);
    await player.whole();
    expect(player.picture.pixels.equals((await plain.picture()).pixels)).toBe(true);
    near.destroy();
    far.destroy();
  });

  test('a session that is ended from outside says why; its recording is whole', async () => {
    const session = await begin();
    session.abort.abort(new MavisError('session.terminated'));
    expect(await session.ended).toMatchObject({ code: 'session.terminated' });
    const [id] = session.connected;
    expect(id === undefined ? [] : marksOf(await recordingOf(id))).toEqual(['ended session.terminated']);
  });
});
