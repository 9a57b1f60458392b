import { describe, expect, test } from 'vitest';
import { sha256, type UserId } from '../../../shared/ids.ts';
import type { TargetGrant } from '../../../shared/link/messages.ts';
import { GrantRegister, type PresentedOutcome } from '../../../src-gateway/grants/grant-register.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';

const makeGrant = (changes: Partial<TargetGrant> = {}): TargetGrant => ({ ...makeTargetGrant({ host: '192.0.2.7', port: 22, credential: { kind: 'password', userName: 'root', password: 'a-target-password' } }), ...changes });
const makeRegister = (recent: readonly string[] = []) => {
  const clock = new ManualClock();
  return { clock, register: new GrantRegister(clock, 'office1', recent) };
};
const present = (register: GrantRegister, { ticketSha256, clientKeyThumbprint: thumbprint, protocol }: TargetGrant, changes: { readonly thumbprint?: string; readonly over443?: boolean } = {}): PresentedOutcome => register.present({ ticketSha256, thumbprint, protocol, over443: false, ...changes });
const reasonOf = (outcome: PresentedOutcome): string => (outcome.accepted ? 'accepted' : outcome.reason);

describe('the grants that wait for their clients', () => {
  test('rule 2: one that nobody uses is gone with its credential when its 30 seconds are over, though nobody asks for it', () => {
    const { clock, register } = makeRegister();
    register.add(makeGrant());
    clock.advance(10_000);
    register.add(makeGrant());
    clock.advance(19_900);
    expect(register.size).toBe(2);
    clock.advance(1_200);
    expect(register.size).toBe(1);
    clock.advance(10_000);
    expect(register.size).toBe(0);
  });

  test('rule 2: one that is used, withdrawn or its user\'s who was put out is gone at once', () => {
    const { register } = makeRegister();
    const [used, withdrawn, ofUser] = [makeGrant(), makeGrant(), makeGrant()];
    for (const grant of [used, withdrawn, ofUser]) register.add(grant);
    expect(reasonOf(present(register, used))).toBe('accepted');
    expect(register.size).toBe(2);
    expect([register.dropConnection(withdrawn.connectionId), register.size]).toEqual([1, 1]);
    expect([register.dropUser(ofUser.user.id, 'session.user-disabled'), register.size]).toEqual([1, 0]);
    expect([used, withdrawn, ofUser].map((grant) => reasonOf(present(register, grant)))).toEqual(['used', 'withdrawn', 'withdrawn']);
  });

  test('B1, B2: the same ticket is not taken twice, not after it was used, and not after a restart; one is shown on its own port, by its own key and for its own protocol alone', () => {
    const before = makeGrant();
    const { register } = makeRegister([before.ticketSha256]);
    const grant = makeGrant();
    register.add(grant);
    for (const again of [grant, before]) expect(() => register.add(again)).toThrow(expect.objectContaining({ code: 'request.conflict' }));
    const otherKey = sha256.parse('A'.repeat(43));
    expect([present(register, grant, { thumbprint: otherKey }), present(register, grant, { over443: true }), present(register, { ...grant, protocol: 'vnc' })].map(reasonOf)).toEqual(['foreign-key', 'not-over-443', 'other-protocol']);
    expect(reasonOf(present(register, grant))).toBe('accepted');
    expect(() => register.add(grant)).toThrow(expect.objectContaining({ code: 'request.conflict' }));
  });

  test('rule 11: a user who was put out gets no grant for a minute, and then again', () => {
    const { clock, register } = makeRegister();
    const user: { id: UserId; name: string; displayName: string } = makeGrant().user;
    register.dropUser(user.id, 'session.user-disabled');
    expect(() => register.add(makeGrant({ user }))).toThrow(expect.objectContaining({ code: 'session.user-disabled' }));
    register.add(makeGrant());
    clock.advance(60_000);
    register.add(makeGrant({ user }));
    expect(register.size).toBe(1);
  });

  test('their number is bounded, and room comes back as they go', () => {
    const { clock, register } = makeRegister();
    for (let count = 0; count < 10_000; count += 1) register.add(makeGrant());
    expect(() => register.add(makeGrant())).toThrow(expect.objectContaining({ code: 'gateway.full', args: { gateway: 'office1' } }));
    clock.advance(31_000);
    register.add(makeGrant());
    expect(register.size).toBe(1);
  });
});
