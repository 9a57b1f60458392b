import { randomBytes, randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { connectionReferenceFrom } from '../../../shared/ids.ts';
import { type ForwardGrant, forwardGrant } from '../../../shared/link/messages.ts';
import { ForwardRegister } from '../../../src-gateway/forwards/forward-register.ts';
import type { Journal } from '../../../src-gateway/journal/journal.ts';
import { createLogger } from '../../../src-gateway/logging/logger.ts';
import { ProxyConnection } from '../../../src-gateway/proxy-port/proxy-connection.ts';
import type { Resumable } from '../../../src-gateway/sessions/resume-register.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

/** A last frame that is not taken is given up after this. */
const END_LIMIT_MS = 3000;

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A wire that is still being laid stands for one that runs: it is given up only where it is told to end. */
const ranOutOfTime = ({ reason }: AbortSignal): boolean => reason instanceof MavisError && reason.code === 'gateway.time-out';

const written: Journal['append'] = (entry) => ({ connectionId: null, reference: null, facts: {}, ...entry, sequence: 1, at: '2026-03-01T08:00:00.000Z', hash: 'H'.repeat(43) });

/** A register whose next gateway answers nothing, or cannot be reached. */
class Wires {
  readonly clock = new ManualClock();
  readonly over: number[] = [];
  readonly #resumables: Resumable[] = [];
  #nextIsThere = true;
  readonly register = new ForwardRegister({
    clock: this.clock,
    log: createLogger({ write: () => undefined }, 'error'),
    journal: { append: written, appendDurably: async (entry) => written(entry) },
    dialler: { dial: (_target, signal) => (this.#nextIsThere ? new Promise((_resolve, reject) => signal.addEventListener('abort', () => ranOutOfTime(signal) || reject(signal.reason))) : Promise.reject(new Error('unreachable'))) },
    supervision: { silentMs: 0 },
    assertReady: () => undefined,
    resumeSeconds: 300,
    linkPort: 443,
    mostCut: 2,
    resumes: {
      add: (_owner, resumable) => {
        const number = this.#resumables.push(resumable) - 1;
        return { resumeSecret: `secret ${number}`, ended: () => void this.over.push(number) };
      },
    },
  });

  begin(): void {
    this.#nextIsThere = true;
    this.register.begin(grant(), this.#connection());
  }

  /** The client lays a wire again, which stands until it is laid again. */
  layAgain(number: number, epoch: number): void {
    this.#nextIsThere = true;
    this.#resumables[number]?.takeOver(this.#connection(), epoch, 0);
  }

  /** ... or which is down at once. */
  async cut(number: number, epoch: number): Promise<void> {
    this.#nextIsThere = false;
    this.#resumables[number]?.takeOver(this.#connection(), epoch, 0);
    await settled();
    this.clock.advance(END_LIMIT_MS);
    await settled();
  }

  #connection(): ProxyConnection {
    return new ProxyConnection(new TLSSocket(new Socket()), { address: '192.0.2.1', port: 7993, thumbprint: 'K'.repeat(43) }, this.clock);
  }
}

function grant(): ForwardGrant {
  return forwardGrant.parse({
    kind: 'forward', connectionId: randomUUID(), reference: connectionReferenceFrom(randomBytes(10)), ticketSha256: 'T'.repeat(43), clientKeyThumbprint: 'K'.repeat(43), ticketSeconds: 30,
    notAfter: '2026-03-02T08:00:00Z', userId: randomUUID(), next: { gatewayId: randomUUID(), gatewayName: 'office2', host: '192.0.2.2', ports: [[7993]] },
  });
}

test('rule 10: of the wires that are cut no more are kept than the bound, the one that was cut first goes, and one that runs never does', async () => {
  const wires = new Wires();
  for (let count = 0; count < 4; count += 1) wires.begin();
  await settled();
  await wires.cut(2, 1);
  await wires.cut(1, 1);
  expect(wires.over).toEqual([]);
  await wires.cut(3, 1);
  expect(wires.over).toEqual([2]);
  wires.layAgain(1, 2);
  await settled();
  wires.begin();
  await settled();
  await wires.cut(4, 1);
  expect(wires.over).toEqual([2]);
  await wires.cut(1, 3);
  expect(wires.over).toEqual([2, 3]);
});
