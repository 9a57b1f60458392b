import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import type { GrantWishes } from '../../fixtures/target-grant.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { makeSpool, pull, readRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { americanKeys, germanKeys, japaneseKeys, type TypedKey } from '../../fixtures/keyboard-places.ts';
import { clipboardMessage, signOnToDesktop, startDesktop, type TestDesktop } from '../../fixtures/rdp-session.ts';
import { dial } from '../../fixtures/ssh-session.ts';
import type { KeyboardLayout } from '../../../src-renderer/desktop/rdp/keyboard-layout.ts';
import { scanCodes } from '../../../src-renderer/desktop/rdp/scan-codes.ts';
import { probeRdpIdentity } from '../../../src-gateway/rdp/rdp-handler.ts';
import { startFaultProxy } from '../../targets/fault-proxy.ts';
import { type NlaTarget, startNlaTarget } from '../../targets/nla-target.ts';
import { copyFilesOn, HELLO_KEYS, keysOn, typingDesktop, watchKeysOn, writtenOn } from '../../targets/typing-desktop.ts';
import { startXrdpTarget, type XrdpTarget } from '../../targets/xrdp-target.ts';

let xrdp: XrdpTarget;
let nla: NlaTarget;
let spool: TestSpool;

beforeAll(async () => {
  [xrdp, nla] = await Promise.all([startXrdpTarget(typingDesktop('secret of the target')), startNlaTarget()]);
});
afterAll(async () => {
  await Promise.all([xrdp.stop(), nla.stop()]);
});
beforeEach(async () => {
  spool = await makeSpool();
});
afterEach(async () => {
  await spool.remove();
});

type Wishes = Partial<GrantWishes> & { readonly password?: string };

function grantFor(target: XrdpTarget | NlaTarget, { password = target.password, ...wishes }: Wishes = {}) {
  return makeTargetGrant({ host: target.host, port: target.port, protocol: 'rdp', identities: [target.fingerprint], credential: { kind: 'password', userName: target.user, password }, ...wishes });
}

async function desktopOn(target: XrdpTarget | NlaTarget, wishes: Wishes = {}): Promise<TestDesktop> {
  const { target: signedOn } = await signOnToDesktop(spool, grantFor(target, wishes));
  return await startDesktop(signedOn, target.port);
}

async function drawn(desktop: TestDesktop): Promise<void> {
  await expect.poll(() => desktop.connected.length, { timeout: 60_000 }).toBe(1);
}

/** Bits of a point and size in the last Demand Active: the bitmap capabilities (MS-RDPBCGR 2.2.7.1.2) are the only ones of this kind and length. */
function given(bytes: Buffer): { readonly depth: number; readonly size: readonly number[] } {
  const at = bytes.lastIndexOf(Buffer.from('02001c00', 'hex'));
  return { depth: bytes.readUInt16LE(at + 4), size: [bytes.readUInt16LE(at + 12), bytes.readUInt16LE(at + 14)] };
}

describe('S20: signing on', () => {
  test('the connection test reads the certificates of both, and sends nothing of an account', async () => {
    for (const [target, how] of [[xrdp, 'TLS'], [nla, 'NLA']] as const) {
      const socket = await dial(target.port);
      const seen = await probeRdpIdentity(socket, AbortSignal.timeout(60_000));
      socket.destroy();
      expect(seen).toMatchObject({ identity: { fingerprint: target.fingerprint, kind: 'x509 rsa 2048' } });
      expect(seen.banner).toContain(`RDP, ${how}, CN=`);
    }
  });

  test('NLA: the stored password signs on, and the client draws without one', async () => {
    const { target, witness } = await signOnToDesktop(spool, grantFor(nla));
    expect(witness.steps).toEqual(['checking-identity', 'signing-on', 'signed-on']);
    expect(target).toMatchObject({ targetIdentity: nla.fingerprint, targetEncrypted: true });
    const desktop = await startDesktop(target, nla.port);
    expect(await desktop.client.ask()).toBe(true);
    await desktop.client.connect('freerdpShadow');
    await drawn(desktop);
    desktop.abort.abort();
    await desktop.ended;
  });

  test('NLA: a wrong stored password is refused once, and nothing is left', async () => {
    await expect(signOnToDesktop(spool, grantFor(nla, { password: 'wrong' }))).rejects.toMatchObject({ code: 'target.sign-on-refused', witness: { credentialsSent: 1 } });
    expect(spool.spool.list()).toEqual([]);
  });

  test.each([
    ['an unknown certificate', [], 'target.identity-unknown'],
    ['another certificate than the confirmed one', [`SHA256:${'A'.repeat(43)}`], 'target.identity-changed'],
  ])('rule 14: %s gets no credential, with NLA or without', async (_what, identities, code) => {
    for (const target of [xrdp, nla]) {
      const error: unknown = await signOnToDesktop(spool, grantFor(target, { identities })).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, witness: { credentialsSent: 0 } });
      expect(JSON.stringify(error)).toContain(target.fingerprint);
    }
  });

  test("the user's own account is asked for once the certificate is known, and signs on", async () => {
    const grant = grantFor(nla, { identities: [], firstUseTrust: true, credential: { kind: 'ask-user' } });
    const { target, witness } = await signOnToDesktop(spool, grant, { answers: () => Promise.resolve([nla.user, nla.password]) });
    expect(witness.questions).toEqual([expect.objectContaining({ kind: 'user-name-and-password' })]);
    target.abandon();
  });
});

describe('a session on xrdp', () => {
  test('S20, S58: signs on by itself, types, is recorded from the first byte, and ends in good order', async () => {
    const desktop = await desktopOn(xrdp);
    expect(await desktop.client.ask()).toBe(true);
    await desktop.client.connect('xrdp');
    await drawn(desktop);
    // The program takes keys only once it runs: typed again until the first line is there.
    await expect
      .poll(() => (desktop.client.type(...HELLO_KEYS), writtenOn(xrdp, 'typed')), { timeout: 60_000, interval: 500 })
      .toContain('hello');
    expect(desktop.activity).toBeGreaterThan(0);
    desktop.clientSocket.end();
    expect(await desktop.ended).toMatchObject({ code: 'session.closed-by-user' });
    const [id] = desktop.connected;
    if (id === undefined) throw new Error('not connected');
    const { frames, output, verification } = readRecording(await pull(spool.spool, id), spool.keys);
    expect(verification.state).toBe('sealed');
    // What the client got, byte for byte, from the answer to its first request on; and the size that it asked for.
    expect(output.subarray(0, desktop.client.bytes.length).equals(desktop.client.bytes)).toBe(true);
    expect(frames.some(({ kind, payload }) => kind === frameKind.resize && Buffer.from(payload).toString('hex') === '0000000004000300')).toBe(true);
    expect(output.includes(Buffer.from(xrdp.password, 'utf16le'))).toBe(false);
    expect(spool.logLines.join('\n')).not.toContain(xrdp.password);
  });

  /** Presses keys by their places, as the window's own table has them. */
  function press({ client }: TestDesktop, keys: readonly TypedKey[]): void {
    for (const { code, held } of keys) {
      const [key, holding] = [code, held ?? code].map((place) => scanCodes[place]);
      if (key === undefined || holding === undefined) throw new Error(`no key at ${code}`);
      if (held !== undefined) client.key(holding, true);
      client.type(key);
      if (held !== undefined) client.key(holding, false);
    }
  }

  async function desktopWith(keyboard: KeyboardLayout): Promise<TestDesktop> {
    const desktop = await desktopOn(xrdp);
    await desktop.client.ask();
    await desktop.client.connect('xrdp', { keyboard });
    await drawn(desktop);
    // Away from what writes down keys one by one.
    desktop.client.move(600, 600);
    return desktop;
  }

  /** Types a line of its own; gives the lines that have come so far. */
  function linesWith(desktop: TestDesktop, type: () => void): string[] {
    type();
    press(desktop, [{ code: 'Enter' }]);
    return writtenOn(xrdp, 'typed').split('\n');
  }

  test.each([
    ['an American', { layout: 0x409, type: 4, subtype: 0 }, americanKeys],
    ['a Japanese', { layout: 0x411, type: 7, subtype: 2 }, japaneseKeys],
    ['a German', { layout: 0x407, type: 4, subtype: 0 }, germanKeys],
  ])('S20: the keys of %s keyboard, told as that, write on the target what stands on them: all printable ones, dead keys and AltGr', async (_whose, keyboard, { keys, writes: line }) => {
    const desktop = await desktopWith(keyboard);
    // Typed again until it is there: the program takes keys only once it runs.
    await expect.poll(() => linesWith(desktop, () => press(desktop, keys)), { timeout: 60_000, interval: 500 }).toContain(line);
    desktop.abort.abort();
    await desktop.ended;
  });

  test('S20: letters of an input method go as Unicode; xrdp 0.9 writes those that the keyboard which it was told has a key for', async () => {
    const desktop = await desktopWith({ layout: 0x407, type: 4, subtype: 0 });
    const type = (): void => {
      for (const letter of 'Straße~ü漢€') desktop.client.letter(letter);
    };
    await expect.poll(() => linesWith(desktop, type), { timeout: 60_000, interval: 500 }).toContain('Straße~ü€');
    desktop.abort.abort();
    await desktop.ended;
  });

  test('S20: the keys of a Japanese keyboard that write nothing, and those of every keyboard, are on the target what they are', async () => {
    const desktop = await desktopWith({ layout: 0x411, type: 7, subtype: 2 });
    watchKeysOn(xrdp);
    desktop.client.move(50, 50);
    await expect.poll(() => (press(desktop, [{ code: 'F1' }]), keysOn(xrdp)), { timeout: 60_000, interval: 200 }).toContain('F1');
    const keys = ['Convert', 'NonConvert', 'Backquote', 'CapsLock', 'CapsLock', 'Escape', 'Backspace', 'Tab', 'Delete', 'Insert', 'Home', 'End', 'PageUp', 'PageDown', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'F12', 'NumpadEnter', 'NumpadDivide', 'ControlRight', 'ContextMenu', 'MetaLeft', 'PrintScreen'];
    press(desktop, keys.map((code) => ({ code })));
    await expect.poll(() => keysOn(xrdp).filter((name) => name !== 'F1'), { timeout: 60_000 }).toEqual([
      'Henkan_Mode', 'Muhenkan', 'Zenkaku_Hankaku', 'Eisu_toggle', 'Eisu_toggle', 'Escape', 'BackSpace', 'Tab', 'Delete', 'Insert', 'Home', 'End', 'Prior', 'Next', 'Up', 'Down', 'Left', 'Right', 'F12', 'KP_Enter', 'KP_Divide', 'Control_R', 'Menu', 'Super_L', 'Print',
    ]);
    desktop.client.move(600, 600);
    desktop.abort.abort();
    await desktop.ended;
  });

  test('rule 21: who may only look types nothing, also with a client that is not ours', async () => {
    // Other keys than those of the session before, some of which the desktop may still be writing down.
    const keys = HELLO_KEYS.toReversed();
    const desktop = await desktopOn(xrdp, { policy: { viewOnly: true } });
    await desktop.client.ask();
    await desktop.client.connect('xrdp');
    await drawn(desktop);
    for (let times = 0; times < 5; times += 1) desktop.client.type(...keys);
    desktop.clientSocket.end();
    await desktop.ended;
    expect(desktop.activity).toBe(0);
    expect(writtenOn(xrdp, 'typed')).not.toContain('olleh');
    expect(spool.logLines.join('\n')).toContain('refused by the policy');
  });

  test("rule 21: the clipboard's contents go only the ways that they may, whatever the client asks for", async () => {
    for (const [clipboardOut, clipboardIn] of [[true, false], [false, true]] as const) {
      const desktop = await desktopOn(xrdp, { policy: { clipboardOut, clipboardIn } });
      const { client } = desktop;
      await client.ask();
      await client.connect('xrdp');
      await drawn(desktop);
      await client.clipboardMessage(clipboardMessage.ready);
      // A client that asks without having been offered anything.
      expect((await client.takeText()).includes('secret of the target')).toBe(clipboardOut);
      // The client's offer, and what it gives to a target that asks, or does not.
      client.offerText();
      const text = `text of the client ${clipboardIn}`;
      client.giveText(text);
      if (clipboardIn) {
        await client.clipboardMessage(clipboardMessage.request);
        client.giveText(text);
        await expect.poll(() => writtenOn(xrdp, 'pasted'), { timeout: 60_000 }).toContain(text);
      }
      desktop.abort.abort();
      await desktop.ended;
      if (!clipboardIn) expect(writtenOn(xrdp, 'pasted')).not.toContain(text);
    }
  });

  test('rule 21: a file that the rule does not let leave is refused at once, not when nobody has answered; the one beside it comes', async () => {
    const files = [join(xrdp.shared, 'plain.txt'), join(xrdp.shared, 'server.key')];
    for (const path of files) writeFileSync(path, 'contents');
    const desktop = await desktopOn(xrdp, { policy: { deniedFileNames: ['*.key'] } });
    const { client } = desktop;
    await client.ask();
    await client.connect('xrdp');
    await drawn(desktop);
    await client.clipboardMessage(clipboardMessage.ready);
    copyFilesOn(xrdp, files);
    expect((await client.takeFileList()).map(({ path }) => path)).toEqual(['plain.txt', 'server.key']);
    // xrdp 0.9 itself never answers a question for a file that it does not know: an answer at all is the gateway's.
    expect(await client.takePiece(1, 8)).toMatchObject({ flags: 2, body: Buffer.from('07000000', 'hex') });
    const came = await client.takePiece(0, 8);
    expect([came.flags, came.body.toString('latin1', 4, 12)]).toEqual([1, 'contents']);
    desktop.abort.abort();
    await desktop.ended;
    expect(spool.logLines.join('\n')).toContain('clipboard-out');
  });

  test('rule 24: a desktop as wide as several screens is what the target gives, and at most as wide as targets take', async () => {
    const desktop = await desktopOn(xrdp);
    for (const [width, height] of [[5120, 1440], [8192, 1080]] as const) {
      await desktop.client.ask();
      await desktop.client.connect('xrdp', { width, height });
      await desktop.client.next(({ path }) => path === 'fast');
      expect(given(desktop.client.bytes).size).toEqual([width, height]);
    }
    desktop.abort.abort();
    await desktop.ended;
  });

  test.each([[8, 16], [15, 15], [16, 16], [24, 24]])('rule 23: whoever asks for %i bits of a point gets %i: no palette, which a late watcher would not know', async (asked, bits) => {
    const desktop = await desktopOn(xrdp);
    await desktop.client.ask();
    await desktop.client.connect('xrdp', { depth: asked });
    await desktop.client.next(({ path }) => path === 'fast');
    expect(given(desktop.client.bytes).depth).toBe(bits);
    desktop.abort.abort();
    await desktop.ended;
  });

  test('rule 24: another request connects anew with another size, in the same recording; the target that is gone is told and the session ends', async () => {
    // Gone for the gateway by its wire: an xrdp that is killed may see its desktop killed a moment sooner, and say goodbye.
    const wire = await startFaultProxy({ target: { host: xrdp.host, port: xrdp.port }, seed: 1 });
    const desktop = await desktopOn({ ...xrdp, port: wire.port });
    await desktop.client.ask();
    await desktop.client.connect('xrdp');
    await drawn(desktop);
    expect(await desktop.client.ask()).toBe(true);
    await desktop.client.connect('xrdp', { width: 800, height: 608 });
    await desktop.client.next(({ path }) => path === 'fast');
    expect(desktop.redials).toBe(1);
    expect(desktop.connected).toHaveLength(1);
    await wire.stop();
    expect(await desktop.ended).toMatchObject({ code: 'target.lost' });
    const [id] = desktop.connected;
    if (id === undefined) throw new Error('not connected');
    const { frames } = readRecording(await pull(spool.spool, id), spool.keys);
    expect(frames.filter(({ kind }) => kind === frameKind.resize).map(({ payload }) => Buffer.from(payload).readUInt16BE(4))).toEqual([1024, 800]);
    expect(frames.some(({ kind, payload }) => kind === frameKind.mark && Buffer.from(payload).includes('redial'))).toBe(true);
  });
});
