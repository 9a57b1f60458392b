import { describe, expect, test } from 'vitest';
import { KeptBytesBudget, type KeepingSession } from '../../../src-gateway/sessions/kept-bytes-budget.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

class FakeSession implements KeepingSession {
  keptBytes: number;
  isCut: boolean;
  ended = 0;
  constructor(keptBytes: number, isCut: boolean) {
    [this.keptBytes, this.isCut] = [keptBytes, isCut];
  }
  endForBudget(): void {
    this.ended += 1;
    [this.keptBytes, this.isCut] = [0, false];
  }
}

function world(sessions: readonly FakeSession[]): { clock: ManualClock; budget: KeptBytesBudget } {
  const clock = new ManualClock();
  return { clock, budget: new KeptBytesBudget({ clock, limitBytes: 100, sessions: () => sessions }) };
}

describe('what all sessions keep together (rule 10)', () => {
  test('Resume: windows grow only within the budget', () => {
    const { budget } = world([new FakeSession(60, false), new FakeSession(20, true)]);
    expect([budget.keptBytes, budget.mayGrow(20), budget.mayGrow(21)]).toEqual([80, true, false]);
  });

  test('Resume: beyond the budget cut sessions end, those that keep most first and no more than are needed; connected ones never', () => {
    const sessions = [new FakeSession(70, false), new FakeSession(20, true), new FakeSession(40, true), new FakeSession(5, true)];
    const { clock, budget } = world(sessions);
    budget.watch();
    clock.advance(999);
    expect(sessions.map(({ ended }) => ended)).toEqual([0, 0, 0, 0]);
    clock.advance(1);
    expect(sessions.map(({ ended }) => ended)).toEqual([0, 0, 1, 0]);
    expect(budget.keptBytes).toBe(95);
  });

  test('Resume: it is watched as long as a session is cut, also what grows later, and not beyond', () => {
    const [cut, other] = [new FakeSession(10, true), new FakeSession(10, false)];
    const { clock, budget } = world([cut, other]);
    budget.watch();
    budget.watch();
    clock.advance(5000);
    expect(cut.ended).toBe(0);
    other.keptBytes = 95;
    clock.advance(1000);
    expect([cut.ended, other.ended]).toEqual([1, 0]);
    clock.advance(1000);
    // Nothing is looked at any more: the clock has no timer left that would end one.
    [cut.keptBytes, cut.isCut] = [500, true];
    clock.advance(10_000);
    expect(cut.ended).toBe(1);
  });
});
