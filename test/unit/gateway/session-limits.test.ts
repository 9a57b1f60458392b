import { describe, expect, test } from 'vitest';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { SessionLimits } from '../../../src-gateway/sessions/session-limits.ts';
import { Supervision } from '../../../src-gateway/sessions/supervision.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

function watch(values: Partial<ConstructorParameters<typeof SessionLimits>[0]> = {}): { clock: ManualClock; supervision: Supervision; limits: SessionLimits; warned: [string, number][]; reached: string[] } {
  const clock = new ManualClock();
  const supervision = new Supervision(clock);
  const warned: [string, number][] = [];
  const reached: string[] = [];
  const limits = new SessionLimits(
    { notAfterMs: clock.wallMs() + 86_400_000, maxDurationSeconds: 80_000, idleSeconds: 80_000, maxUnsupervisedSeconds: 80_000, ...values },
    { clock, supervision, endsSoon: (code, seconds) => warned.push([code, seconds]), reached: (error: MavisError) => reached.push(error.code) },
  );
  return { clock, supervision, limits, warned, reached };
}

describe('limits of a session', () => {
  test('an hour of activity, then silence: the idle limit counts from the last input', () => {
    const { clock, limits, warned, reached } = watch({ idleSeconds: 600 });
    for (let second = 0; second < 3600; second += 30) {
      clock.advance(30_000);
      limits.activity();
    }
    expect([warned, reached]).toEqual([[], []]);
    clock.advance(545_000);
    expect(warned).toEqual([['session.idle', 60]]);
    limits.activity();
    clock.advance(545_000);
    expect(warned).toHaveLength(2);
    clock.advance(60_000);
    expect(reached).toEqual(['session.idle']);
  });

  test('B13: a date set back does not lengthen a session, a date set on ends it', () => {
    const back = watch({ notAfterMs: Date.parse('2026-03-01T08:10:00Z') });
    back.clock.advance(300_000);
    back.clock.jumpWall(-86_400_000);
    back.clock.advance(299_000);
    expect(back.reached).toEqual([]);
    back.clock.advance(2000);
    expect(back.reached).toEqual(['session.not-after']);
    const on = watch({ notAfterMs: Date.parse('2026-03-01T20:00:00Z') });
    on.clock.jumpWall(86_400_000);
    on.clock.advance(1000);
    expect(on.reached).toEqual(['session.not-after']);
  });

  test('a reached limit is told once and ends the watch', () => {
    const { clock, reached } = watch({ maxDurationSeconds: 60, idleSeconds: 60 });
    clock.advance(600_000);
    expect(reached).toEqual(['session.time-limit']);
  });

  test('a short limit warns at its half', () => {
    const { clock, warned } = watch({ maxUnsupervisedSeconds: 60 });
    clock.advance(29_000);
    expect(warned).toEqual([]);
    clock.advance(2000);
    expect(warned).toEqual([['session.unsupervised', 30]]);
  });

  test('a word of the service puts the unsupervised end off', () => {
    const { clock, supervision, reached } = watch({ maxUnsupervisedSeconds: 60 });
    for (let at = 0; at < 20; at += 1) {
      clock.advance(15_000);
      supervision.heard();
    }
    expect(reached).toEqual([]);
    clock.advance(61_000);
    expect(reached).toEqual(['session.unsupervised']);
  });

  test('nothing is told after the watch was stopped', () => {
    const { clock, limits, reached } = watch({ idleSeconds: 60 });
    limits.stop();
    clock.advance(600_000);
    expect(reached).toEqual([]);
  });
});
