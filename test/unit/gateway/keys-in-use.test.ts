import { createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gatewayId } from '../../../shared/ids.ts';
import { nextGatewayKeysText } from '../../../shared/link/signed-texts.ts';
import { gatewayFingerprint } from '../../../src-gateway/keys/fingerprint.ts';
import { ensureGatewayKeys } from '../../../src-gateway/keys/gateway-keys.ts';
import { askSwitch, KeysInUse, makeNextKeys } from '../../../src-gateway/keys/keys-in-use.ts';

const GATEWAY = gatewayId.parse('55555555-5555-4555-8555-555555555551');
let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-keys-'));
  await ensureGatewayKeys(folder, new Date());
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

const open = () => KeysInUse.open({ folder, gatewayId: GATEWAY, gatewayName: 'office1', now: () => new Date() });

describe('rule 15: the rotation of a gateway\'s keys', () => {
  test('the next keys are made once and announced under the present signing key; the present ones stay in use', async () => {
    const keys = await open();
    const before = keys.current.publicKeys;
    expect(await keys.report()).toEqual({ fingerprint: gatewayFingerprint(before), next: null });
    const announced = await keys.begin();
    expect(await keys.begin()).toEqual(announced);
    expect(announced.known).toBe(false);
    expect(announced.tls).not.toBe(before.tls);
    expect(announced.signing).not.toBe(before.signing);
    const present = createPublicKey({ key: Buffer.from(before.signing, 'base64url'), format: 'der', type: 'spki' });
    const holds = (gateway: typeof GATEWAY): boolean => verify(null, Buffer.from(nextGatewayKeysText(gateway, announced)), present, Buffer.from(announced.signature, 'base64url'));
    expect([holds(GATEWAY), holds(gatewayId.parse('55555555-5555-4555-8555-555555555552'))]).toEqual([true, false]);
    expect(keys.current.publicKeys).toEqual(before);
  });

  test('nobody switches, here or there, before the service has said that it knows the very keys', async () => {
    const keys = await open();
    const fingerprint = gatewayFingerprint(keys.current.publicKeys);
    await expect(askSwitch(folder, 'office1')).rejects.toMatchObject({ code: 'gateway.no-next-key' });
    const next = gatewayFingerprint(await keys.begin());
    await expect(askSwitch(folder, 'office1')).rejects.toMatchObject({ code: 'gateway.key-not-announced' });
    await expect(keys.switchTo(next)).rejects.toMatchObject({ code: 'gateway.key-not-announced' });
    await expect(keys.known(`SHA256:${'A'.repeat(43)}`)).rejects.toMatchObject({ code: 'gateway.no-next-key' });
    await expect(keys.switchTo(next)).rejects.toMatchObject({ code: 'gateway.key-not-announced' });
    await keys.known(next);
    await expect(keys.switchTo(`SHA256:${'A'.repeat(43)}`)).rejects.toMatchObject({ code: 'gateway.no-next-key' });
    expect((await keys.report()).fingerprint).toBe(fingerprint);
    await keys.switchTo(next);
    expect(await keys.report()).toEqual({ fingerprint: next, next: null });
    // Asked twice it is done once.
    await keys.switchTo(next);
  });

  test('a switch asked for at the machine is made with the next status, told to who shows the keys, and the old signing key is kept to know what it sealed', async () => {
    const keys = await open();
    const old = keys.current.publicKeys;
    const made = await makeNextKeys(folder, new Date());
    await keys.known(gatewayFingerprint(made.publicKeys));
    await askSwitch(folder, 'office1');
    const told: string[] = [];
    keys.onSwitched(({ tlsPin }) => told.push(tlsPin));
    expect(await keys.report()).toEqual({ fingerprint: gatewayFingerprint(made.publicKeys), next: null });
    expect(told).toEqual([made.tlsPin]);
    const again = await open();
    expect(again.current.publicKeys).toEqual(made.publicKeys);
    expect(again.formerSigningKeys.map((key) => key.export({ type: 'spki', format: 'der' }).toString('base64url'))).toEqual([old.signing]);
    expect(readdirSync(folder).toSorted()).toEqual(['former-keys.json', 'signing-key.pem', 'tls-certificate.pem', 'tls-key.pem']);
  });

  test('a crash in the middle of a switch is ended at the next start, at whatever file it came', async () => {
    for (const moved of [[], ['tls-certificate.pem'], ['tls-certificate.pem', 'signing-key.pem'], ['tls-certificate.pem', 'signing-key.pem', 'tls-key.pem']]) {
      const made = await makeNextKeys(folder, new Date());
      renameSync(join(folder, 'next'), join(folder, 'switching'));
      for (const name of moved) renameSync(join(folder, 'switching', name), join(folder, name));
      expect((await open()).current.publicKeys).toEqual(made.publicKeys);
    }
  });
});
