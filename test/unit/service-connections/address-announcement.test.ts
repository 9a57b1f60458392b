import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { gatewayId } from '../../../shared/ids.ts';
import type { AddressAnnouncement } from '../../../shared/link/messages.ts';
import { serviceAddressesText } from '../../../shared/link/signed-texts.ts';
import { AddressAnnouncer } from '../../../src-service/gateways/address-announcement.ts';

const ONE = gatewayId.parse('00000000-0000-4000-8000-000000000001');
const OTHER = gatewayId.parse('00000000-0000-4000-8000-000000000002');

function world() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const told: AddressAnnouncement[] = [];
  const state = { addresses: ['10.0.0.1:443'], failure: undefined as MavisError | undefined };
  const announcer = new AddressAnnouncer({
    addresses: () => state.addresses,
    signing: { publicKey: '', sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url') },
    instance: 'I'.repeat(43),
    now: () => new Date('2026-11-25T10:00:00Z'),
  });
  const link = {
    announceAddresses: async (announcement: AddressAnnouncement) => {
      if (state.failure) throw state.failure;
      told.push(announcement);
    },
  };
  return { announcer, link, told, state, holds: (id: typeof ONE, one: AddressAnnouncement) => verify(null, Buffer.from(serviceAddressesText(id, one)), publicKey, Buffer.from(one.signature, 'base64url')) };
}

test('rule 13: each gateway is told once, under a signature that is for it alone, and again only when something changed or its link is new', async () => {
  const { announcer, link, told, state, holds } = world();
  await announcer.tell(ONE, link);
  await announcer.tell(ONE, link);
  await announcer.tell(OTHER, link);
  expect(told.map(({ addresses }) => addresses)).toEqual([['10.0.0.1:443'], ['10.0.0.1:443']]);
  const [first] = told;
  expect(first && [holds(ONE, first), holds(OTHER, first)]).toEqual([true, false]);
  state.addresses = ['10.0.0.2:443'];
  await announcer.tell(ONE, link);
  expect(told.at(-1)?.addresses).toEqual(['10.0.0.2:443']);
  announcer.forget(ONE);
  await announcer.tell(ONE, link);
  expect(told).toHaveLength(4);
});

test('a link that failed is tried again; a gateway that does not know the method is not asked with each status', async () => {
  const { announcer, link, told, state } = world();
  for (const code of ['gateway.link-time-out', 'gateway.default-away', 'gateway.not-behind-default', 'gateway.default-missing'] as const) {
    state.failure = new MavisError(code, { gateway: 'office1', through: 'entry1' });
    await expect(announcer.tell(ONE, link)).rejects.toMatchObject({ code });
  }
  state.failure = new MavisError('request.invalid', { field: 'method' });
  await expect(announcer.tell(ONE, link)).rejects.toMatchObject({ code: state.failure.code });
  state.failure = undefined;
  await announcer.tell(ONE, link);
  expect(told).toEqual([]);
});

test('no more is told than a gateway takes', async () => {
  const { announcer, link, told, state } = world();
  state.addresses = Array.from({ length: 150 }, (_, number) => `10.0.0.${String(number)}:443`);
  await announcer.tell(ONE, link);
  expect(told[0]?.addresses).toHaveLength(100);
});
