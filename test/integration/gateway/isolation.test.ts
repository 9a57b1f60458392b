import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeCount, encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import type { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { makeKeyPair, type TestKeyPair } from '../../fixtures/key-pair.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

type Session = Awaited<ReturnType<TestGateway['session']>>;

/** What a neighbour may try with everything that he can know of another's session, and how it ends for him. */
const attempts: readonly { readonly what: string; readonly outcome: string; readonly onlyForeignKey?: true; readonly try: (client: HostileProxyClient, victim: Session, resumeSecret: string) => void }[] = [
  { what: "the other's ticket, again", outcome: 'ticket.refused', try: (client, { ticket }) => client.hello(ticket) },
  // With the victim's own key too this is no attack: it is the victim.
  { what: "the other's resume secret in a resume", outcome: 'session.gateway-lost', onlyForeignKey: true, try: (client, _victim, resumeSecret) => client.send(frameType.resume, { version: 1, resumeSecret, epoch: 1, received: 0 }) },
  { what: "the other's resume secret as a ticket", outcome: 'ticket.refused', try: (client, _victim, resumeSecret) => client.hello(resumeSecret) },
  { what: "the other's connection id as a ticket", outcome: 'hello.malformed', try: (client, { grant }) => client.hello(grant.connectionId) },
  { what: "the hash of the other's ticket as a ticket", outcome: 'ticket.refused', try: (client, { grant }) => client.hello(grant.ticketSha256) },
  { what: 'data without a hello', outcome: 'hello.malformed', try: (client) => client.sendRaw(Buffer.concat([Buffer.from([frameType.data, 0, 0, 0, 9]), Buffer.alloc(9)])) },
  { what: 'an acknowledgement without a hello', outcome: 'hello.malformed', try: (client) => client.sendRaw(encodeCount(frameType.acknowledge, 5)) },
  { what: 'the end of a stream without a hello', outcome: 'hello.malformed', try: (client) => client.sendRaw(encodeCount(frameType.finish, 5)) },
  { what: 'a close without a hello', outcome: 'hello.malformed', try: (client) => client.send(frameType.close, { code: 'session.terminated' }) },
  { what: "an answer to the other's prompt", outcome: 'hello.malformed', try: (client) => client.send(frameType.promptAnswer, { id: 0, answers: ['1'] }) },
  { what: 'a cancel without a hello', outcome: 'hello.malformed', try: (client) => client.sendRaw(encodeFrame(frameType.cancel)) },
  { what: 'a frame that only the gateway sends', outcome: 'hello.malformed', try: (client) => client.send(frameType.accepted, {}) },
  { what: "the gateway's word that it forwards", outcome: 'hello.malformed', try: (client) => client.send(frameType.forwarding, {}) },
];

describe('S25: one session reaches nothing of another (rule 9)', () => {
  let gateway: TestGateway;
  let neighbourKey: TestKeyPair;
  let victim: Session;
  let resumeSecret: string;
  beforeAll(async () => {
    [gateway, neighbourKey] = await Promise.all([TestGateway.start(), makeKeyPair('CN=neighbour')]);
    victim = await gateway.session();
    resumeSecret = String((await victim.client.frame(frameType.accepted))['resumeSecret']);
  });
  afterAll(() => gateway.stop());

  const assertVictimUntouched = async (): Promise<void> => {
    const sent = randomBytes(2000);
    const had = Buffer.concat(victim.client.received).length;
    victim.client.stream?.send(sent);
    expect((await victim.client.bytes(had + sent.length)).subarray(had).equals(sent)).toBe(true);
    expect(victim.client.seen.some(({ type }) => type === frameType.close)).toBe(false);
  };

  for (const whose of ["a neighbour's key", "the victim's own key"] as const) {
    for (const attempt of attempts.filter(({ onlyForeignKey }) => onlyForeignKey !== true || whose === "a neighbour's key")) {
      test(`S25: ${attempt.what}, with ${whose}, gives ${attempt.outcome}`, async () => {
        const client = await gateway.client(whose === "a neighbour's key" ? neighbourKey : gateway.clientKey);
        attempt.try(client, victim, resumeSecret);
        expect(await client.outcome()).toBe(attempt.outcome);
        await client.closed;
        expect(client.frames.some(({ type }) => type === frameType.data)).toBe(false);
        await assertVictimUntouched();
      });
    }
  }

  test('S25: a second session of the same client sees none of the first one\'s bytes, and its end ends only itself', async () => {
    const second = await gateway.session();
    const [had, sent] = [Buffer.concat(victim.client.received).length, Buffer.from('only for the first')];
    victim.client.stream?.send(sent);
    await victim.client.bytes(had + sent.length);
    second.client.send(frameType.close, { code: 'session.closed-by-user' });
    await gateway.finalEntry(second.grant);
    expect(Buffer.concat(second.client.received).toString()).toBe('first');
    await assertVictimUntouched();
  });

  test('S25, Resume: a resume secret opens its own stream alone, also where both sessions are the same client\'s', async () => {
    const own = await gateway.session();
    const secret = String((await own.client.frame(frameType.accepted))['resumeSecret']);
    expect(secret).not.toBe(resumeSecret);
    own.client.socket.destroy();
    const back = (await gateway.client()).adoptWhenResumed(own.client);
    expect(await back.resume(own.client, secret, 1)).toBe('resumed');
    back.stream?.send(Buffer.from(' again'));
    expect((await back.bytes(11)).toString()).toBe('first again');
    await assertVictimUntouched();
    back.send(frameType.close, { code: 'session.closed-by-user' });
    await gateway.finalEntry(own.grant);
    await assertVictimUntouched();
  });

  test('S25: in a session a hello, a resume or a prompt\'s answer is a breach that ends that session alone', async () => {
    for (const type of [frameType.hello, frameType.resume, frameType.promptAnswer, frameType.accepted, frameType.message]) {
      const own = await gateway.session();
      own.client.send(type, { version: 1, ticket: own.ticket, protocol: 'ssh' });
      expect((await gateway.finalEntry(own.grant)).facts['code']).toBe('session.protocol-violation');
    }
    await assertVictimUntouched();
  });
});
