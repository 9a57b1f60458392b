import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serviceAddressesText } from '../../../shared/link/signed-texts.ts';
import { makeServiceKeys } from '../../fixtures/signed-gateway-configuration.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

const INSTANCE = 'A'.repeat(43);
let gateway: TestGateway;

beforeEach(async () => {
  gateway = await TestGateway.start();
});
afterEach(() => gateway.stop());

function announcement(addresses: readonly string[], issuedAt: string, { keys = gateway.service, instance = INSTANCE } = {}) {
  const unsigned = { instance, addresses: [...addresses], issuedAt };
  return { ...unsigned, signature: keys.sign(serviceAddressesText(gateway.configuration.gatewayId, unsigned)) };
}

/** How a session to the echoing target goes, though its resource allows special addresses. */
async function outcome(): Promise<string> {
  const { ticket } = await gateway.grant();
  const client = await gateway.client();
  client.hello(ticket);
  return client.outcome();
}

describe('rule 13: where the service is, as it announces it', () => {
  test('is refused as a target from then on, without a new configuration file, and after a restart of the gateway', async () => {
    expect(await outcome()).toBe('accepted');
    await gateway.link.ask('announceAddresses', announcement([`127.0.0.1:${String(gateway.target.port)}`], '2026-11-25T10:00:00.000Z'));
    expect(await outcome()).toBe('target.address-forbidden');
    await gateway.running.stop();
    await gateway.startAgain();
    expect(await outcome()).toBe('target.address-forbidden');
    // It has moved on: the newest word of an instance takes the place of its older one.
    await gateway.link.ask('announceAddresses', announcement(['127.0.0.1:1'], '2026-11-25T11:00:00.000Z'));
    expect(await outcome()).toBe('accepted');
  });

  test('counts for each instance of the service: one does not take back what another said', async () => {
    await gateway.link.ask('announceAddresses', announcement([`127.0.0.1:${String(gateway.target.port)}`], '2026-11-25T10:00:00.000Z'));
    await gateway.link.ask('announceAddresses', announcement(['127.0.0.1:1'], '2026-11-25T11:00:00.000Z', { instance: 'B'.repeat(43) }));
    expect(await outcome()).toBe('target.address-forbidden');
  });

  test('changes nothing where it is older than what is known: an old word that somebody kept', async () => {
    await gateway.link.ask('announceAddresses', announcement([`127.0.0.1:${String(gateway.target.port)}`], '2026-11-25T10:00:00.000Z'));
    await gateway.link.ask('announceAddresses', announcement([], '2026-11-25T09:00:00.000Z'));
    expect(await outcome()).toBe('target.address-forbidden');
  });

  test('is refused where the service did not sign it, or signed something else', async () => {
    const good = announcement([`127.0.0.1:${String(gateway.target.port)}`], '2026-11-25T10:00:00.000Z');
    const forged = [
      { ...good, signature: Buffer.alloc(64).toString('base64url') },
      { ...good, addresses: [] },
      { ...good, issuedAt: '2026-11-25T10:00:01.000Z' },
      { ...good, instance: 'B'.repeat(43) },
      announcement(good.addresses, good.issuedAt, { keys: makeServiceKeys() }),
    ];
    for (const one of forged) expect(await gateway.link.request('announceAddresses', one)).toMatchObject({ code: 'request.signature-invalid' });
    expect(await gateway.link.request('announceAddresses', { ...good, addresses: Array.from({ length: 101 }, () => '10.0.0.1') })).toMatchObject({ code: 'request.invalid' });
    expect(await outcome()).toBe('accepted');
  });

  test('is not taken from a file of the gateway that was changed by hand: its signature does not hold', async () => {
    await gateway.link.ask('announceAddresses', announcement([`127.0.0.1:${String(gateway.target.port)}`], '2026-11-25T10:00:00.000Z'));
    await gateway.running.stop();
    const file = join(gateway.folder, 'announced-addresses.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('10:00:00', '12:00:00'));
    await gateway.startAgain();
    expect(await outcome()).toBe('accepted');
  });
});
