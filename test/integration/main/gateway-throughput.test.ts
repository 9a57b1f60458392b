import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { gatewayId } from '../../../shared/ids.ts';
import { decodeCount, encodeCount, encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import { MEASURE_PIECE_BYTES, MEASURE_PIECES } from '../../../shared/proxy-stream/line-measure.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { runCheck } from '../../../src-main/diagnostics/check.ts';
import { gatewayThroughput } from '../../../src-main/diagnostics/checks/gateway-throughput.ts';
import { LineTurns } from '../../../src-main/diagnostics/line-turns.ts';
import { type Conversation, type Script, startScriptedGateway } from '../../fixtures/scripted-gateway.ts';

const { identity } = new ClientKey(() => Date.now());

/** What the client makes of a measurement that a gateway answers so. */
async function outcomeWith(script: Script) {
  const gateway = await startScriptedGateway(script);
  try {
    const subject = { kind: 'gateway', gatewayId: gatewayId.parse(randomUUID()), name: 'scripted' } as const;
    const check = gatewayThroughput({ subject, host: '127.0.0.1', ports: [gateway.port], fallbackPort: null, waysOut: async () => [], pins: [gateway.pin], identity, turns: new LineTurns() });
    return (await runCheck(check, { clock: () => Date.now(), monotonic: () => performance.now() }, new AbortController().signal)).outcome;
  } finally {
    await gateway.stop();
  }
}

const counts = (...all: number[]): Script => ({ sendRaw }) => sendRaw(Buffer.concat(all.map((count) => encodeCount(frameType.measured, count))));
const fillers = (lengths: readonly number[]): Uint8Array => Buffer.concat(lengths.map((length) => encodeFrame(frameType.filler, new Uint8Array(length))));

/** Counts each piece as it comes, as a gateway does; gives how many are asked for back. */
async function countsAll({ sendRaw, next }: Conversation): Promise<number> {
  // The first has come before the conversation.
  for (let come = 1; ; come += 1) {
    sendRaw(encodeCount(frameType.measured, come));
    const { type, payload } = await next();
    if (type === frameType.measureBack) return decodeCount(payload);
  }
}

describe('a client that has a line measured', () => {
  test('tells what it carries each way, of a gateway that keeps to the protocol', async () => {
    const outcome = await outcomeWith(async (conversation) => {
      const wanted = await countsAll(conversation);
      expect(wanted).toBe(MEASURE_PIECES - 1);
      conversation.sendRaw(fillers(Array.from({ length: wanted }, () => MEASURE_PIECE_BYTES)));
    });
    expect(outcome).toMatchObject({ status: 'found', verdict: 'good' });
  });

  test.each<readonly [string, Script]>([
    ['counts more pieces than were sent', counts(5)],
    ['counts a piece twice', counts(1, 1)],
    ['counts backwards', counts(2, 1)],
    ['counts none', counts(0)],
    ['gives small pieces back', async (conversation) => conversation.sendRaw(fillers(Array.from({ length: await countsAll(conversation) }, () => 1)))],
    ['gives empty pieces back', async (conversation) => conversation.sendRaw(fillers(Array.from({ length: await countsAll(conversation) }, () => 0)))],
    ['gives a piece back that is too long', async (conversation) => conversation.sendRaw(fillers([...Array.from({ length: (await countsAll(conversation)) - 1 }, () => MEASURE_PIECE_BYTES), MEASURE_PIECE_BYTES + 1]))],
  ])('takes no number from a gateway that %s', async (_what, script) => {
    expect(await outcomeWith(script)).toEqual({ status: 'not-run', reason: 'earlier-step', detail: 'gateway.protocol-error' });
  });
});
