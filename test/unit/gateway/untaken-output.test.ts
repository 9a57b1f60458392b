import { describe, expect, test } from 'vitest';
import { FIRST_WINDOW_BYTES } from '../../../shared/proxy-stream/counted-stream.ts';
import { encodeCount, encodeDataHeader, FrameDecoder, frameType } from '../../../shared/proxy-stream/frames.ts';
import { CountedDuplex } from '../../../src-gateway/proxy-port/counted-duplex.ts';
import { UntakenOutput } from '../../../src-gateway/sessions/untaken-output.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

/** The gateway's end of a session whose client sends frames by hand and reads only what the test acknowledges. */
class BlindClient {
  readonly clock = new ManualClock();
  readonly got: string[] = [];
  readonly told: string[] = [];
  congested = false;
  readonly duplex: CountedDuplex;
  readonly #decoder = new FrameDecoder();
  #typed = 0;

  constructor() {
    const untaken = new UntakenOutput({ clock: this.clock, held: () => this.told.push('held'), expired: () => this.told.push('expired') });
    this.duplex = new CountedDuplex({ clock: this.clock, write: () => undefined, congested: () => this.congested, untaken });
    this.duplex.on('data', (chunk: Buffer) => this.got.push(chunk.toString()));
  }

  /** Output until no more is taken. */
  fill(): void {
    for (let at = 0; at < FIRST_WINDOW_BYTES + 1; at += 65_536) this.duplex.write(Buffer.alloc(65_536));
  }

  async type(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    this.#take(encodeDataHeader(this.#typed, bytes.length), bytes);
    this.#typed += bytes.length;
    await settled();
  }

  async acknowledge(count: number): Promise<void> {
    this.#take(encodeCount(frameType.acknowledge, count));
    await settled();
  }

  #take(...parts: Uint8Array[]): void {
    for (const part of parts) for (const frame of this.#decoder.push(part)) this.duplex.takeFrame(frame);
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a client that types and does not read', () => {
  test('S15: is not heard once it has taken nothing for five seconds, and loses nothing when it reads on', async () => {
    const client = new BlindClient();
    client.fill();
    await client.type('a');
    client.clock.advance(5000);
    await client.type('b');
    await client.type('c');
    expect(client.got).toEqual(['a']);
    expect(client.told).toEqual(['held']);
    await client.acknowledge(65_536);
    expect(client.got.join('')).toBe('abc');
    await client.type('d');
    expect(client.got.join('')).toBe('abcd');
  });

  test('whoever reads slowly and has nothing to say is left alone, however long', async () => {
    const client = new BlindClient();
    client.fill();
    client.clock.advance(3_600_000);
    await settled();
    expect(client.told).toEqual([]);
  });

  test('a slow line is heard: a little that is taken is enough', async () => {
    const client = new BlindClient();
    client.fill();
    client.congested = true;
    for (let second = 1; second < 12; second += 1) {
      client.clock.advance(4500);
      await client.acknowledge(second);
      await client.type('x');
    }
    expect(client.got.join('')).toBe('x'.repeat(11));
    expect(client.told).toEqual([]);
  });

  test('S15: acknowledging without reading helps for a minute', async () => {
    const client = new BlindClient();
    client.fill();
    client.congested = true;
    for (let second = 1; second < 15; second += 1) {
      client.clock.advance(4500);
      await client.acknowledge(second);
    }
    await client.type('x');
    expect(client.got).toEqual([]);
    client.congested = false;
    client.duplex.goOn();
    await settled();
    expect(client.got).toEqual(['x']);
  });

  test('is told to end when it has typed into the dark for five minutes', async () => {
    const client = new BlindClient();
    client.fill();
    client.clock.advance(5000);
    await client.type('x');
    client.clock.advance(299_999);
    expect(client.told).toEqual(['held']);
    client.clock.advance(1);
    expect(client.told).toEqual(['held', 'expired']);
    expect(client.got).toEqual([]);
  });

  test('rule 10: is heard after a cut as soon as it takes in what waited for it, and not by coming back alone', async () => {
    const client = new BlindClient();
    client.fill();
    client.clock.advance(100_000);
    client.duplex.resend(0);
    await client.type('x');
    expect(client.got).toEqual([]);
    await client.acknowledge(FIRST_WINDOW_BYTES);
    expect(client.got).toEqual(['x']);
    expect(client.duplex.counts.received).toBe(1);
  });

  test('its limit begins anew when it is there again', async () => {
    const client = new BlindClient();
    client.fill();
    client.clock.advance(5000);
    await client.type('x');
    client.clock.advance(200_000);
    client.duplex.resend(0);
    client.clock.advance(200_000);
    expect(client.told).toEqual(['held']);
    client.clock.advance(100_000);
    expect(client.told).toEqual(['held', 'expired']);
  });

  test('its end is heard where nothing was typed before it', async () => {
    const client = new BlindClient();
    let ended = false;
    client.duplex.once('end', () => (ended = true));
    client.fill();
    client.clock.advance(5000);
    client.duplex.takeFrame({ type: frameType.finish, payload: Buffer.alloc(8) });
    await settled();
    expect(ended).toBe(true);
  });
});
