import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { recordingsRoutes } from '../../../shared/api/recordings.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { foreignClientId } from '../../../shared/ipc/stores.ts';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { type Picture, readXwd } from '../../../scripts/set-up/xwd-picture.ts';
import { RecordedDesktop } from '../../../src-renderer/recordings/rdp/recorded-desktop.ts';
import { type ForeignPrograms, startForeignPrograms } from '../../fixtures/foreign-programs.ts';
import type { ForeignSessionTraces } from '../../fixtures/foreign-session-traces.ts';
import { freePort } from '../../fixtures/free-ports.ts';
import { OwnPrograms } from '../../fixtures/own-programs.ts';
import { installRdpEngine } from '../../fixtures/rdp-engine.ts';
import { colourScene, coloursOf } from '../../targets/colour-scene.ts';
import { type NlaTarget, startNlaTarget } from '../../targets/nla-target.ts';
import { until } from '../../targets/until.ts';
import { startVncTarget } from '../../targets/vnc-target.ts';

/** FreeRDP's client, which no one here wrote, through the app's own parts, service, gateway and a target that demands NLA, as real processes. */

/** What RemoteFX takes from a scene of many colours, as a root mean square from 0 to 1. */
const CODEC_ERROR = 0.03;

let own: OwnPrograms;
let programs: ForeignPrograms;
let traces: ForeignSessionTraces;
let desktop: NlaTarget;
let drawing: ChildProcess | undefined;
let resource: ResourceId;

beforeAll(async () => {
  installRdpEngine((name, value) => void vi.stubGlobal(name, value));
  [own, desktop] = await Promise.all([OwnPrograms.start(), startNlaTarget()]);
  ({ programs, traces } = own);
  const scene = join(programs.folder, 'scene.xwd');
  writeFileSync(scene, colourScene(1024, 768, 11));
  drawing = spawn('xwud', ['-in', scene, '-geometry', '+0+0'], { env: { ...process.env, DISPLAY: desktop.display }, stdio: 'ignore' });
  await until(async () => coloursOf(await shown()) > 1000, 30_000);
  resource = await makeDesktop({ foreignClients: true });
}, 300_000);
afterAll(async () => {
  vi.unstubAllGlobals();
  drawing?.kill('SIGKILL');
  await Promise.all([own.stop(), desktop.stop()]);
});

/** What the target's display shows. */
async function shown(): Promise<Picture> {
  const picture = readXwd((await promisify(execFile)('xwd', ['-root', '-silent', '-display', desktop.display], { encoding: 'buffer', maxBuffer: 16 * 1024 * 1024 })).stdout);
  if (picture === undefined) throw new Error('no picture');
  return picture;
}

function makeDesktop(policy: object, port = desktop.port): Promise<ResourceId> {
  const { host, user, password, fingerprint } = desktop;
  return own.makeDesktop({ protocol: 'rdp', host, port, userName: user, password, identities: [fingerprint], policy });
}

async function openPort(one = resource): Promise<{ readonly id: string; readonly password: string; readonly port: number; readonly words: string[]; readonly file: string }> {
  const { foreignClientId: id, password } = await programs.clients.open(one, 'rdp');
  expect(password).toBeNull();
  // No blank stands in these words.
  const words = (programs.stores.foreignClients.state.items[id]?.commands.find(({ program }) => program === 'xfreerdp')?.text ?? '').split(' ').slice(1);
  const file = words[0] ?? '';
  const text = readFileSync(file, 'utf8');
  return { id, words, file, password: /^loadbalanceinfo:s:(.+)\r$/m.exec(text)?.[1] ?? '', port: Number(/^full address:s:127\.0\.0\.1:(\d+)\r$/m.exec(text)?.[1]) };
}

/** A client of the tests' own: sends a request with a routing token and gives what comes for it, until the end where nothing more does. */
async function answerTo(port: number, token: string, protocols = 1): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port });
  const line = Buffer.from(`${token}\r\n`, 'latin1');
  const negotiation = Buffer.from([1, 0, 8, 0, protocols, 0, 0, 0]);
  socket.write(Buffer.concat([Buffer.from([3, 0, 0, 11 + line.length + negotiation.length, 6 + line.length + negotiation.length, 0xe0, 0, 0, 0, 0, 0]), line, negotiation]));
  const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [Buffer.alloc(0)])]);
  socket.destroy();
  return Buffer.from(answer);
}

/** How far two pictures are from each other: root mean square, from 0 to 1. */
function difference(one: Picture, other: Picture): number {
  if (one.pixels.length !== other.pixels.length) return 1;
  let sum = 0;
  for (let at = 0; at < one.pixels.length; at += 1) sum += ((one.pixels[at] ?? 0) - (other.pixels[at] ?? 0)) ** 2;
  return Math.sqrt(sum / one.pixels.length) / 255;
}

/** The same picture, one point to the right. */
function aside({ width, height, pixels }: Picture): Picture {
  return { width, height, pixels: Buffer.concat([pixels.subarray(0, 3), pixels.subarray(0, -3)]) };
}

describe('S20: an RDP client of the user\'s own', () => {
  test('rules 22, 23: FreeRDP shows the desktop of a target that demands NLA, by the file and the certificate that are shown, without a password of it; its recording plays', async () => {
    const screen = await startVncTarget({ width: 1024, height: 768 });
    try {
      const { id, words, file, password } = await openPort();
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(password).toMatch(/^[0-9A-Z-]{29}$/);
      expect(words.join(' ')).not.toContain(password);
      screen.start('xfreerdp', ...words, '/size:1024x768', '-decorations');
      await expect.poll(() => own.phaseOf(id)?.status, { timeout: 30_000 }).toBe('connected');
      await expect.poll(() => existsSync(file)).toBe(false);
      const there = await shown();
      await expect.poll(async () => difference(await screen.picture(), there), { timeout: 60_000 }).toBeLessThan(CODEC_ERROR);
      // Pictures that are one point aside are not the same.
      expect(difference(aside(await screen.picture()), there)).toBeGreaterThan(2 * CODEC_ERROR);
      programs.clients.end(foreignClientId.parse(id));
      await own.over(id);
      const entry = await traces.finalEntry(resource);
      expect(entry).toMatchObject({ kind: 'connection.ended', facts: { protocol: 'rdp', foreignClient: true } });
      const played = { width: 0, height: 0, pixels: Buffer.alloc(0) };
      const player = new RecordedDesktop({
        onSize: (width, height) => Object.assign(played, { width, height, pixels: Buffer.alloc(width * height * 3) }),
        onPixels: (x, y, width, height, pixels) => {
          for (let row = 0; row < height; row += 1) for (let column = 0; column < width; column += 1) for (let part = 0; part < 3; part += 1) played.pixels[((y + row) * played.width + x + column) * 3 + part] = pixels[(row * width + column) * 4 + part] ?? 0;
        },
      });
      for (const { kind, payload } of await traces.recordedFrames(entry)) if (kind === frameKind.output) await player.receive(Uint8Array.from(payload));
      player.close();
      expect(difference(played, there)).toBeLessThan(CODEC_ERROR);
      expect(difference(aside(played), there)).toBeGreaterThan(2 * CODEC_ERROR);
    } finally {
      await screen.stop();
    }
  });

  test('A26: who does not bring the one-time password in the routing token is refused before anything is dialled; one who brings it comes in once', async () => {
    const { id, password, port, file } = await openPort();
    const refused = (code: number): string => Buffer.from([3, 0, 0, 19, 14, 0xd0, 0, 0, 0, 0, 0, 3, 0, 8, 0, code, 0, 0, 0]).toString('hex');
    expect((await answerTo(port, 'WRONG')).toString('hex')).toBe(refused(4));
    expect((await answerTo(port, `Cookie: mstshash=${password.slice(0, -1)}`)).toString('hex')).toBe(refused(4));
    // One that wants RDP's own encryption is told to do TLS, and its password is still good.
    expect((await answerTo(port, password, 0)).toString('hex')).toBe(refused(1));
    expect(own.phaseOf(id)?.status).toBe('waiting');
    // The gateway's answer: agreed (2), with flags of the target's, on TLS (1).
    const agreed = await answerTo(port, password);
    expect([agreed.length, agreed[11], agreed.readUInt32LE(15)]).toEqual([19, 2, 1]);
    await own.over(id);
    expect((await traces.finalEntry(resource)).facts).toMatchObject({ protocol: 'rdp' });
    await expect.poll(() => existsSync(file)).toBe(false);
    await expect(once(connect({ host: '127.0.0.1', port }), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('rule 23: where the access rule does not let own programs in, no port is opened and no file is written; a port that is closed takes its file along', async () => {
    const closed = await makeDesktop({ foreignClients: false });
    await expect(programs.clients.open(closed, 'rdp')).rejects.toMatchObject({ code: 'access.foreign-client-not-allowed' });
    const { id, file } = await openPort();
    expect(existsSync(file)).toBe(true);
    programs.clients.end(foreignClientId.parse(id));
    await expect.poll(() => existsSync(file)).toBe(false);
    expect(readdirSync(join(programs.folder, 'rdp'))).toEqual([]);
  });

  test('A26: who signs out while the port is being opened leaves neither the port nor its file', async () => {
    const leaving = await startForeignPrograms(own.client, 'tester', { signsOutBehindFile: true });
    try {
      await expect(leaving.clients.open(resource, 'rdp')).rejects.toMatchObject({ code: 'sign-in.required' });
      expect(leaving.stores.foreignClients.state.items).toEqual({});
      await expect.poll(() => readdirSync(join(leaving.folder, 'rdp'))).toEqual([]);
    } finally {
      await leaving.stop();
    }
  });

  test('S12, S16: where the target is not there, the client hears that there is no connection, and the user why; no recording', async () => {
    const dead = await makeDesktop({ foreignClients: true }, await freePort());
    const { id, password, port } = await openPort(dead);
    expect((await answerTo(port, password)).readUInt32LE(15)).toBe(4);
    await expect.poll(() => own.phaseOf(id), { timeout: 30_000 }).toMatchObject({ status: 'ended', error: { code: 'target.refused' } });
    const entry = await traces.finalEntry(dead);
    expect(entry.kind).toBe('connection.failed');
    expect((await own.auditor.service.call(recordingsRoutes.recordingList, { params: {}, query: { limit: 10, reference: entry.reference ?? '' }, body: {} })).items).toEqual([]);
  });

  test.each([['an empty PDU', '03000004'], ['a request that is longer than it says', '0300000b20e00000000000'], ['a huge one', '0300ffff06e00000000000'], ['another protocol', '474554202f20485454502f312e310d0a0d0a'], ['random bytes', '9f3c77aa00ff01']])('A13: %s ends the connection, and the port still waits', async (_name, bytes) => {
    const { id, port } = await openPort();
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.end(Buffer.from(bytes, 'hex'));
    socket.resume();
    await once(socket, 'close');
    expect(own.phaseOf(id)?.status).toBe('waiting');
    programs.clients.end(foreignClientId.parse(id));
    await own.over(id);
  });
});
