import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeCount32, frameKind } from '../../../shared/recording/recording-frame.ts';
import { slowedClock } from '../../fixtures/manual-clock.ts';
import { makeSpool, pull, readRecording, type ReadRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { openShell, signOn, startSession, type TestShell } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

/** The recorder's clock passes so many times more slowly than the machine's: an echo has 1.5 s instead of half a second, and what is about time here takes that much longer. */
const SLOWER = 3;

let near: OpenSshTarget;
let far: OpenSshTarget;
let spool: TestSpool;

beforeAll(async () => {
  near = await startOpenSshTarget();
  // 300 ms for a round trip, by the recorder's clock.
  far = await startOpenSshTarget({ slowMs: 150 * SLOWER });
});
afterAll(async () => {
  await near.stop();
  await far.stop();
});
beforeEach(async () => {
  spool = await makeSpool({ clock: slowedClock(SLOWER) });
});
afterEach(async () => {
  await spool.remove();
});

async function typing(target: OpenSshTarget, work: (shell: TestShell) => Promise<void>, recordInput = true): Promise<ReadRecording> {
  const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
  const grant = makeTargetGrant({ host: target.host, port: target.port, identities: [target.hostKeyFingerprint], credential, policy: { recordInput } });
  const one = await startSession((await signOn(spool, grant)).target);
  const shell = await openShell(one.client);
  await shell.waitFor('$ ');
  await work(shell);
  shell.type('\u0003\u0003');
  await delay(100);
  one.client.end();
  await one.ended;
  const [id] = one.connected;
  if (id === undefined) throw new Error('no recording');
  return readRecording(await pull(spool.spool, id), spool.keys);
}

const typedBytes = ({ frames }: ReadRecording): number => frames.filter(({ kind }) => kind === frameKind.inputMark).reduce((sum, { payload }) => sum + decodeCount32(payload), 0);

describe('rule 20: input is recorded only where the rule says so, and only what was echoed', () => {
  test('off: not even a mark', async () => {
    const recording = await typing(near, async (shell) => {
      shell.type('echo done-$((40+2))\r');
      await shell.waitFor('done-42');
    }, false);
    expect(recording.frames.some(({ kind }) => kind === frameKind.input || kind === frameKind.inputMark)).toBe(false);
  });

  test('on: commands are kept, typed or pasted, and each keystroke leaves a mark', async () => {
    const recording = await typing(near, async (shell) => {
      await shell.typeSlowly('echo typed-$((40+2))\r', 15);
      await shell.waitFor('typed-42');
      await delay(100);
      shell.type('echo pasted-$((40+2))\r');
      await shell.waitFor('pasted-42');
    });
    expect(recording.input.toString()).toContain('echo typed-$((40+2))\r');
    expect(recording.input.toString()).toContain('echo pasted-$((40+2))\r');
    expect(typedBytes(recording)).toBeGreaterThanOrEqual(44);
  });

  test('a password at a prompt of `su` is not kept', async () => {
    const secret = `canary-${randomUUID()}`;
    const recording = await typing(near, async (shell) => {
      shell.type('su -c true\r');
      await shell.waitFor('Password:');
      await shell.typeSlowly(secret, 5);
      shell.type('\r');
      await shell.waitFor(/failure|incorrect|denied/i);
      await delay(50);
      shell.type('su -c true\r');
      await shell.waitFor(/Password:[^]*Password:/);
      shell.type(`${secret}\r`);
      await shell.waitFor(/(?:failure|incorrect|denied)[^]*(?:failure|incorrect|denied)/i);
    });
    expect(recording.input.toString()).toContain('su -c true\r');
    expect(recording.input.toString()).not.toMatch(/canary|[0-9a-f]{4}/);
    expect(recording.output.toString()).not.toContain(secret);
    expect(typedBytes(recording)).toBeGreaterThan(2 * secret.length);
  });

  test('what `read -s` takes is not kept, though a flood of output follows at once', async () => {
    const recording = await typing(near, async (shell) => {
      await shell.typeSlowly('read -rsp "Word: " w; seq 1 20000; echo e""nd\r', 5);
      await shell.waitFor(/\r\n[^]*Word: /);
      shell.type('12345678\r');
      await shell.waitFor('end');
    });
    expect(recording.input.toString()).not.toContain('12345678');
    expect(recording.input.toString()).not.toContain('2345');
  });

  test('in vim, what was drawn is in the output; its commands are not kept', async () => {
    const file = `/tmp/mavis-vim-${randomUUID()}`;
    const recording = await typing(near, async (shell) => {
      shell.type(`vim -u NONE -N ${file}\r`);
      await shell.waitFor(/\[New\]|~/);
      await delay(300);
      await shell.typeSlowly('ihello from vim', 20);
      await delay(100);
      shell.type('\u001b');
      await delay(600 * SLOWER);
      await shell.typeSlowly(':wq\r', 20);
      await shell.waitFor(/\[\?1049l[^]*\$ /);
      shell.type(`rm ${file}; echo go""ne\r`);
      await shell.waitFor('gone');
    });
    expect(stripVTControlCharacters(recording.output.toString())).toContain('hello from vim');
    expect(recording.input.toString()).toContain(`vim -u NONE -N ${file}\r`);
    expect(recording.input.toString()).not.toContain('ihello');
  });

  test('over a line of 300 ms commands are kept and secrets are not', async () => {
    const recording = await typing(far, async (shell) => {
      await shell.typeSlowly('read -rsp "Word: " w; echo "<$(echo $w | wc -c)>"\r', 40);
      await shell.waitFor(/\n[^]*Word: /);
      await shell.typeSlowly('canary-word', 40);
      shell.type('\r');
      await shell.waitFor('<12>');
      await delay(400 * SLOWER);
      await shell.typeSlowly('echo fi""n\r', 60);
      await shell.waitFor('fin');
    });
    expect(recording.input.toString()).toContain('read -rsp');
    expect(recording.input.toString()).toContain('echo fi""n\r');
    expect(recording.input.toString()).not.toContain('canary');
  });
});
