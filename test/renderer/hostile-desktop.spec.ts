import { readFileSync } from 'node:fs';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { isSlowPath } from '../../shared/rdp/pdu-framer.ts';
import { damaged } from '../fixtures/damaged-stream.ts';
import { remoteFxSession } from '../fixtures/rdp-connection-log.ts';
import { RfbRecording } from '../fixtures/recorded-rfb.ts';
import { messages } from '../fixtures/rfb-client.ts';
import { startVncTarget } from '../targets/vnc-target.ts';
import { openSession, SESSION_ID } from './open-page.ts';

/** So many damaged streams of each kind. */
const RUNS = 20;
/** Of all the browser's processes, after streams of a hundred targets; a picture of these is a few hundred KiB. */
const MOST_RESIDENT_MIB = 1200;
const TOLD = 'does not follow the protocol';
/** Nothing in a window waits longer: what is read is read in the turn in which it came. The first takes seconds on a busy machine, with the engine that is loaded for it. */
const LIMIT_MS = 30_000;

// More than a hundred streams, each drawn to its end: most of a minute where other tests share the cores.
test.setTimeout(240_000);

/** Pointers, sizes, names, lights, keys by place, fences, and the extended clipboard: whatever noVNC asks for beside a picture. */
const BESIDE_PICTURES = [-239, -308, -223, -224, -307, -258, -261, -312, -313, -1_063_131_698];
const encodings: Readonly<Record<string, readonly number[]>> = { tight: [7, -247], 'tight with JPEG': [7, -27, -254], zrle: [16], hextile: [5], 'raw and copied': [1, 0] };

/** What a real target sends in each encoding while its desktop changes, its pointer, its size and its clipboard. */
async function recordedRfb(): Promise<(readonly [string, Buffer])[]> {
  const target = await startVncTarget({ width: 160, height: 120, securityTypes: 'None' });
  try {
    await target.drawScene(3);
    const recordings = await Promise.all(Object.entries(encodings).map(async ([name, wished]) => [name, await RfbRecording.begin(target, [...wished, ...BESIDE_PICTURES])] as const));
    const update = (): Promise<unknown> => Promise.all(recordings.map(([, recording]) => recording.update()));
    await target.run('xsetroot', '-cursor_name', 'watch');
    await target.showTerminal('10x2+10+10', "printf '\\a'; sleep 3600");
    await update();
    await target.run('sh', '-c', 'printf "from the target" | xclip -i -selection clipboard >/dev/null 2>&1');
    recordings[0]?.[1].say(messages.desktopSize(200, 150));
    await update();
    return recordings.map(([name, recording]) => [name, recording.end()]);
  } finally {
    await target.stop();
  }
}

/** What a target sends: bytes of VNC in pieces, with as many zeros behind them as are wanted, or a session of RDP whose PDUs are sent in place of the recorded ones. */
type Sent = { readonly pieces: readonly Uint8Array[]; readonly zeroBytes?: number } | { readonly recorded: readonly Uint8Array[]; readonly sent: readonly Uint8Array[] };

/** What a window says in the end, if anything, and how its picture looks. */
interface Seen {
  readonly told: string;
  readonly picture: string;
}

/** Keeps in `window.unread` what the page has given to the browser to read, pictures and the engine's messages: each comes back in a turn of its own. */
async function watchReading(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const unread = new Set<() => boolean>();
    Object.defineProperty(window, 'unread', { value: () => [...unread].filter((read) => !read() || !unread.delete(read)).length });
    window.Image = new Proxy(window.Image, {
      construct: (made, given) => {
        const image: HTMLImageElement = Reflect.construct(made, given);
        unread.add(() => image.complete);
        return image;
      },
    });
    const { arrayBuffer } = Blob.prototype;
    Blob.prototype.arrayBuffer = async function bytes(this: Blob) {
      let read = false;
      unread.add(() => read);
      try {
        return await arrayBuffer.call(this);
      } finally {
        read = true;
      }
    };
  });
}

declare global {
  interface Window {
    readonly unread: () => number;
  }
}

/** A session's page that is connected again and again, each time to a target that sends what it is given. */
class HostileTarget {
  readonly #page: Page;
  readonly #errors: string[] = [];
  #attempt = 1;

  constructor(page: Page) {
    this.#page = page;
    page.on('pageerror', (error) => this.#errors.push(String(error.stack)));
    page.on('crash', () => this.#errors.push('the page crashed'));
  }

  /** @param awaited what comes for certain: a picture, which may also be told of, or a word. Rejects where the page had an error or did not answer in time. */
  async send(what: Sent, awaited?: 'picture' | 'word'): Promise<Seen> {
    this.#attempt += 1;
    const shown = this.#page.evaluate(async ([id, attempt, given, wanted]) => {
      const { harness } = window;
      const opened = (): number => harness.calls.filter(({ name }) => name === 'sessions.openPort').length;
      const turn = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      const before = opened();
      if ('sent' in given) harness.playRdp(given);
      harness.patch('sessions', ['items', String(id), 'attempt'], attempt);
      while (opened() === before) await turn();
      if ('pieces' in given) {
        for (const piece of given.pieces) await harness.output(piece);
        for (let left = given.zeroBytes ?? 0; left > 0; left -= 1024 * 1024) await harness.output(new Uint8Array(Math.min(left, 1024 * 1024)));
      }
      const look = async (): Promise<string> => {
        const canvas = document.querySelector('.desktop-screen canvas');
        if (!(canvas instanceof HTMLCanvasElement) || canvas.width === 0) return 'none';
        const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? new Uint8ClampedArray(0);
        return `${canvas.width}x${canvas.height} ${btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', pixels))))}`;
      };
      const word = (): string => document.querySelector('.desktop-area [role=alert]')?.textContent ?? '';
      // Until nothing is said or drawn any more: some pictures are unpacked in a later turn.
      let picture = '';
      for (let [still, seen, comes] = ['', 'nothing', true]; still !== seen || comes; ) {
        still = seen;
        for (let turns = 0; turns < 4; turns += 1) await turn();
        picture = await look();
        seen = `${harness.traffic()} ${picture}`;
        comes = window.unread() > 0 || (wanted !== undefined && word() === '' && (wanted === 'word' || picture === 'none'));
      }
      return { told: word(), picture };
    }, [SESSION_ID, this.#attempt, what, awaited] as const);
    const late = new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('the page does not answer')), LIMIT_MS));
    const seen = await Promise.race([shown, late]);
    if (this.#errors.length > 0) throw new Error(this.#errors.splice(0).join('\n'));
    return seen;
  }
}

/** Memory of a browser's processes that is in use. */
async function residentMib(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.reduce((sum, { id }) => sum + Number(/^VmRSS:\s+(\d+) kB$/m.exec(statusOf(id))?.[1] ?? 0) / 1024, 0);
}

/** What the system says of a process; nothing of one that has ended meanwhile. */
function statusOf(id: number): string {
  try {
    return readFileSync(`/proc/${id}/status`, 'utf8');
  } catch {
    return '';
  }
}

/** What the target calls its desktop. */
const NAME = Buffer.from('MAVIS demo desktop');
/** Where a target waits for an answer noVNC reads on only with what comes then: behind its version, and behind ServerInit, which ends with the name. */
const RFB_PAUSES = [12, 42 + NAME.length];
/** A stream comes in many pieces. */
const PIECE_BYTES = 8192;

function inPieces(bytes: Buffer): Sent {
  const starts = [0, ...RFB_PAUSES];
  for (let at = (starts.at(-1) ?? 0) + PIECE_BYTES; at < bytes.length; at += PIECE_BYTES) starts.push(at);
  return { pieces: starts.map((at, number) => new Uint8Array(bytes.subarray(at, starts[number + 1]))) };
}

/** A target's beginning without a word of its own: RFB 3.8, "None", and a desktop of this side. */
function rfbBeginning(side: number): Buffer {
  return Buffer.concat([Buffer.from('RFB 003.008\n'), Uint8Array.of(1, 1, 0, 0, 0, 0, side >> 8, side & 0xff, side >> 8, side & 0xff), messages.pixelFormat().subarray(4), Uint8Array.of(0, 0, 0, NAME.length), NAME]);
}

/** The demand of the share with another size in its set of bitmap capabilities (MS-RDPBCGR 2.2.7.1.2); other PDUs as they are. */
function withLargestDesktop(pdu: Uint8Array): Uint8Array {
  const changed = Buffer.from(pdu);
  const at = changed.indexOf(Buffer.from('02001c00', 'hex'));
  if (at > 0) changed.fill(0xff, at + 12, at + 16);
  return new Uint8Array(changed);
}

/** A picture whose first tile names a table of quantization that is not there (MS-RDPRFX 2.2.2.3.4.1): the engine itself falls over it. */
function withTileOfNoTable(pdu: Uint8Array): Uint8Array {
  const changed = Buffer.from(pdu);
  const at = changed.indexOf(Buffer.from('c3ca', 'hex'));
  if (at > 0) changed.writeUInt8(64, at + 6);
  return new Uint8Array(changed);
}

/** A PDU whose outer length holds again: what is wrong in it is for the engine to see, and not for whoever frames it. */
function framed(pdu: Buffer): Uint8Array {
  if (isSlowPath(pdu)) pdu.writeUInt16BE(pdu.length, 2);
  else pdu.writeUInt16BE(0x8000 | pdu.length, 1);
  return new Uint8Array(pdu);
}

/** A target whose stream is sent as it was, damaged in many ways, and as it was once more. */
interface Attack {
  readonly name: string;
  readonly whole: Sent;
  readonly damagedBy: (seed: number) => Sent;
}

/** @param unbearable what would take a page's memory, have it wait without an end, or fell its engine: it is told at once */
async function attack(page: Page, browser: Browser, attacks: readonly Attack[], unbearable: readonly { readonly name: string; readonly sent: Sent }[]): Promise<void> {
  const target = new HostileTarget(page);
  const words: string[] = [];
  for (const { name, whole, damagedBy } of attacks) {
    const healthy = await target.send(whole, 'picture');
    expect(healthy, name).toMatchObject({ told: '', picture: expect.not.stringMatching('none') });
    for (let seed = 0; seed < RUNS; seed += 1) {
      try {
        words.push((await target.send(damagedBy(seed))).told);
      } catch (error) {
        throw new Error(`${name}, seed ${seed}`, { cause: error });
      }
    }
    expect(await target.send(whole, 'picture'), `${name} as it was`).toEqual(healthy);
  }
  for (const { name, sent } of unbearable) expect((await target.send(sent, 'word')).told, name).toContain(TOLD);
  for (const { name, whole } of attacks.slice(0, 1)) expect((await target.send(whole, 'picture')).told, `${name} after these`).toBe('');
  // Some are told as what they are, others change only points.
  expect(new Set(words.map((said) => said === '' || said.includes(TOLD)))).toEqual(new Set([true]));
  expect(new Set(words.map((said) => said === ''))).toEqual(new Set([true, false]));
  expect(await residentMib(browser)).toBeLessThan(MOST_RESIDENT_MIB);
}

test('A13: whatever a VNC target sends, its window goes on or says that it cannot be read; no page falls, none waits, and the next session is as good as the first', async ({ page, browser }) => {
  const streams = await recordedRfb();
  await watchReading(page);
  await openSession(page, 'desktop-vnc');
  await attack(page, browser, streams.map(([name, bytes]) => ({ name, whole: inPieces(bytes), damagedBy: (seed) => inPieces(damaged(bytes, 12, seed)) })), [
    { name: 'a desktop of 65535 by 65535', sent: inPieces(rfbBeginning(0xffff)) },
    // ExtendedDesktopSize (-308), with one screen.
    { name: 'one that becomes so large', sent: inPieces(Buffer.concat([rfbBeginning(64), Buffer.from('0000000100000000fffffffffffffecc010000000000000000000000ffffffff00000000', 'hex')])) },
    { name: 'a text of gigabytes', sent: { ...inPieces(Buffer.concat([rfbBeginning(64), Buffer.from('030000007fffffff', 'hex')])), zeroBytes: 45 * 1024 * 1024 } },
  ]);
});

test('A18: whatever an RDP target sends, its window goes on or says that it cannot be read, also where the engine falls over it', async ({ page, browser }) => {
  const recorded = remoteFxSession().map((pdu) => new Uint8Array(pdu));
  const HANDSHAKE = recorded.length - 2;
  const damagedAt = (from: number, to: number, seed: number): Sent => {
    const at = from + (seed % (to - from));
    return { recorded, sent: recorded.map((pdu, number) => (number === at ? framed(damaged(pdu, 4, seed)) : pdu)) };
  };
  await watchReading(page);
  await openSession(page, 'desktop-rdp');
  await attack(page, browser, [
    { name: 'the beginning of a session', whole: { recorded, sent: recorded }, damagedBy: (seed) => damagedAt(1, HANDSHAKE, seed) },
    { name: 'pictures in RemoteFX', whole: { recorded, sent: recorded }, damagedBy: (seed) => damagedAt(HANDSHAKE, recorded.length, seed) },
  ], [
    { name: 'a desktop of 65535 by 65535', sent: { recorded, sent: recorded.map(withLargestDesktop) } },
    { name: 'a picture that the engine falls over', sent: { recorded, sent: recorded.map((pdu, number) => (number < HANDSHAKE ? pdu : withTileOfNoTable(pdu))) } },
  ]);
});
