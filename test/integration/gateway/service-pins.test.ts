import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ServicePinAnnouncement } from '../../../shared/link/messages.ts';
import { servicePinsText } from '../../../shared/link/signed-texts.ts';
import { ensureDataFolder } from '../../../src-gateway/configuration/data-folder.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { TestLinkClient } from '../../fixtures/gateway-link-client.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';
import { makeServiceKeys, signedConfigurationText } from '../../fixtures/signed-gateway-configuration.ts';

const MINUTE_MS = 60_000;

describe('rule 15: the keys by which the service opens its links, at a gateway', () => {
  let gateway: TestGateway;
  let next: TestKeyPair;
  beforeAll(async () => {
    next = await makeKeyPair('CN=next');
  });
  beforeEach(async () => {
    await gateway?.stop();
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway?.stop());

  /** An announcement so many minutes after the configuration was issued. */
  function announcement(pins: readonly string[], minutes: number): ServicePinAnnouncement {
    const unsigned = { pins: [...pins], issuedAt: new Date(Date.parse(gateway.configuration.issuedAt) + minutes * MINUTE_MS).toISOString() };
    return { ...unsigned, signature: gateway.service.sign(servicePinsText(gateway.configuration.gatewayId, unsigned)) };
  }
  const both = (): string[] => [gateway.serviceKey.thumbprint, next.thumbprint];
  /** Whether somebody with that key is answered as the service is. */
  async function isService(key: TestKeyPair): Promise<boolean> {
    const link = await TestLinkClient.open(gateway.running.linkPort, key);
    try {
      await link.ask('status', { epoch: 0 });
      return true;
    } catch {
      return false;
    } finally {
      link.close();
    }
  }

  test('announced under the service\'s signature: both are taken, after a restart too; a forged announcement is refused and changes nothing', async () => {
    expect(await isService(next)).toBe(false);
    const good = announcement(both(), 1);
    const { signature: foreign } = { signature: makeServiceKeys().sign(servicePinsText(gateway.configuration.gatewayId, good)) };
    for (const forged of [{ ...good, signature: Buffer.alloc(64).toString('base64url') }, { ...good, signature: foreign }, { ...good, pins: [next.thumbprint] }, { ...good, issuedAt: announcement(both(), 2).issuedAt }]) {
      expect(await gateway.link.request('announceServicePins', forged)).toMatchObject({ code: 'request.signature-invalid' });
    }
    expect(await isService(next)).toBe(false);
    expect(await gateway.link.ask('announceServicePins', good)).toEqual({ pins: both() });
    expect([await isService(next), await isService(gateway.serviceKey)]).toEqual([true, true]);
    await gateway.running.stop();
    await gateway.startAgain();
    expect([await isService(next), await isService(gateway.serviceKey)]).toEqual([true, true]);
  });

  test('the end of a rotation: the old key, of the configuration, is refused, and so is what it had opened; after a restart too; an old announcement brings it not back', async () => {
    await gateway.link.ask('announceServicePins', announcement(both(), 1));
    const link = await TestLinkClient.open(gateway.running.linkPort, next);
    const stolen = await TestLinkClient.open(gateway.running.linkPort, gateway.serviceKey);
    await stolen.ask('status', { epoch: 0 });
    expect(await link.ask('announceServicePins', announcement([next.thumbprint], 2))).toEqual({ pins: [next.thumbprint] });
    await expect(stolen.ask('status', { epoch: 0 })).rejects.toThrow('link closed');
    expect(await isService(gateway.serviceKey)).toBe(false);
    expect(await link.ask('announceServicePins', announcement(both(), 1))).toEqual({ pins: [next.thumbprint] });
    expect(await isService(gateway.serviceKey)).toBe(false);
    link.close();
    await gateway.running.stop();
    // The fixture's own link is by the old key: it may be cut before it stands, or right after.
    await gateway.startAgain().catch(() => undefined);
    expect([await isService(next), await isService(gateway.serviceKey)]).toEqual([true, false]);
  });

  test('a configuration file that was made later holds, also where the gateway was left behind; a damaged file counts as none', async () => {
    await gateway.link.ask('announceServicePins', announcement([gateway.serviceKey.thumbprint], 1));
    await gateway.running.stop();
    const data = await ensureDataFolder(gateway.folder);
    const later = { ...gateway.configuration, issuedAt: announcement([], 2).issuedAt, service: { ...gateway.configuration.service, linkPins: both() } };
    await writeFile(data.configuration, signedConfigurationText(gateway.service, later));
    await gateway.startAgain();
    expect([await isService(next), await isService(gateway.serviceKey)]).toEqual([true, true]);
    await gateway.running.stop();
    const kept: unknown = JSON.parse(await readFile(data.announcedPins, 'utf8'));
    expect(kept).toMatchObject({ pins: [gateway.serviceKey.thumbprint] });
    await writeFile(data.configuration, signedConfigurationText(gateway.service, gateway.configuration));
    await writeFile(join(data.announcedPins), '{"pins":["');
    await gateway.startAgain();
    expect([await isService(next), await isService(gateway.serviceKey)]).toEqual([false, true]);
  });
});
