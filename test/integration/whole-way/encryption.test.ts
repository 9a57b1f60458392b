import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startByteTap } from '../../fixtures/byte-tap.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';

const USER = { name: 'tapped', password: 'canary-password-5d1f0c' } as const;
const TYPED = 'canary-typed-81ab37';

let system: WholeSystem;
beforeAll(async () => {
  system = await startWholeSystem();
  await system.addUser(USER.name, 'admin', USER.password);
}, 300_000);
afterAll(() => system.stop());

describe('what passes on the wire', () => {
  test('S4, S57: neither what is typed, nor what is shown, nor a ticket can be read between client and gateway (L2)', async () => {
    const client = new HeadlessClient(system.embedded.service);
    await client.signIn(USER.name, USER.password);
    const offer = await client.ask(system.live.id, 'ssh');
    const [hop] = offer.hops;
    const port = hop?.ports[0]?.[0];
    if (!hop || port === undefined) throw new Error('the offer has no way');
    const tap = await startByteTap(port);
    const session = client.open({ ...offer, hops: [{ ...hop, ports: [[tap.port]] }] });
    await session.report('connected');
    session.type(`echo ${TYPED}-$((40+2))\r`);
    await session.until(({ text }) => text.includes(`${TYPED}-42`));
    session.type('exit\r');
    await session.report('ended');
    client.close();
    await tap.stop();
    const seen = tap.seen();
    expect(seen.length).toBeGreaterThan(2000);
    for (const secret of [TYPED, hop.ticket, offer.reference]) expect(seen.includes(secret)).toBe(false);
  });

  test('S4, S57: neither password nor token nor resource can be read between client and service (L1), and the tap does see what is plain', async () => {
    const { url, pin } = system.embedded.service;
    const tap = await startByteTap(Number(new URL(url).port));
    const client = new HeadlessClient({ url: `https://127.0.0.1:${tap.port}`, pin });
    await client.signIn(USER.name, USER.password);
    await client.ask(system.live.id, 'ssh');
    client.close();
    const plain = await fetch(`http://127.0.0.1:${tap.port}/plain-canary-77`).catch(() => undefined);
    expect(plain?.ok ?? false).toBe(false);
    await tap.stop();
    const seen = tap.seen();
    expect(seen.includes('plain-canary-77')).toBe(true);
    for (const secret of [USER.password, USER.name, system.live.id, 'Bearer']) expect(seen.includes(secret)).toBe(false);
  });
});
