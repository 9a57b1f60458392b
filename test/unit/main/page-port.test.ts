import { describe, expect, test } from 'vitest';
import { INPUT_CREDIT_BYTES, MAX_INPUT_BYTES, OUTPUT_CREDIT_BYTES, type SessionPortToPage } from '../../../shared/ipc/session-port.ts';
import { PagePort, type PageSource, type ProcessPort } from '../../../src-main/sessions/page-port.ts';
import { RecentOutput } from '../../../shared/recording/recent-output.ts';

class FakePort implements ProcessPort {
  readonly sent: SessionPortToPage[] = [];
  closed = false;
  #listener: ((event: { data: unknown }) => void) | undefined;
  postMessage(message: SessionPortToPage): void {
    this.sent.push(message);
  }
  on(_event: 'message', listener: (event: { data: unknown }) => void): void {
    this.#listener = listener;
  }
  start(): void {}
  close(): void {
    this.closed = true;
  }
  say(data: unknown): void {
    this.#listener?.({ data });
  }
  get bytes(): number {
    return this.sent.reduce((sum, message) => sum + (message.kind === 'output' ? message.bytes.length : 0), 0);
  }
}

function made(): { page: PagePort; port: FakePort; state: { paused: boolean; violations: string[]; input: Uint8Array[]; gone: (() => void)[]; drained: number } } {
  const state = { paused: false, violations: [] as string[], input: [] as Uint8Array[], gone: [] as (() => void)[], drained: 0 };
  const source: PageSource = {
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
    input: (bytes, gone) => {
      state.input.push(bytes);
      state.gone.push(gone);
    },
    resize: () => undefined,
    violation: (what) => state.violations.push(what),
    startedAnew: () => true,
  };
  return { page: new PagePort(source, () => (state.drained += 1), (flush) => flush()), port: new FakePort(), state };
}

describe('the port between a session and its page', () => {
  test('output waits for a page, and the source is paused meanwhile', () => {
    const { page, port, state } = made();
    page.output(Buffer.from('early'));
    expect(state.paused).toBe(true);
    page.attach(port);
    expect(port.bytes).toBe(5);
    expect(state.paused).toBe(false);
  });

  test('never more than the credit is undrawn, to the byte', () => {
    const { page, port, state } = made();
    page.attach(port);
    for (let count = 0; count < 100; count += 1) page.output(Buffer.alloc(10_007));
    expect(port.bytes).toBe(OUTPUT_CREDIT_BYTES);
    expect(state.paused).toBe(true);
    port.say({ kind: 'drawn', bytes: 1 });
    expect(port.bytes).toBe(OUTPUT_CREDIT_BYTES + 1);
    port.say({ kind: 'drawn', bytes: 10_000_000 });
    expect(port.bytes).toBeLessThanOrEqual(2 * OUTPUT_CREDIT_BYTES + 1);
  });

  test('what is posted carries no bytes of the buffer around it', () => {
    const { page, port } = made();
    page.attach(port);
    const pool = Buffer.from('SECRETpublicSECRET');
    page.output(pool.subarray(6, 12));
    const [message] = port.sent;
    expect(message?.kind === 'output' && Buffer.from(message.bytes.buffer).toString()).toBe('public');
  });

  test('what comes in one turn goes in one message', () => {
    const port = new FakePort();
    const turns: (() => void)[] = [];
    const page = new PagePort({ pause: () => undefined, resume: () => undefined, input: () => undefined, resize: () => undefined, violation: () => undefined, startedAnew: () => true }, () => undefined, (flush) => turns.push(flush));
    page.attach(port);
    for (const part of ['one ', 'two ', 'three']) page.output(Buffer.from(part));
    expect(port.sent).toEqual([]);
    for (const turn of turns) turn();
    expect(port.sent).toEqual([{ kind: 'output', bytes: new Uint8Array(Buffer.from('one two three')) }]);
  });

  test('the end is told after the last byte was sent, once', () => {
    const { page, port, state } = made();
    page.attach(port);
    page.output(Buffer.alloc(OUTPUT_CREDIT_BYTES + 1));
    page.end();
    expect(state.drained).toBe(0);
    port.say({ kind: 'drawn', bytes: OUTPUT_CREDIT_BYTES });
    port.say({ kind: 'drawn', bytes: 1 });
    expect(port.sent.at(-1)).toEqual({ kind: 'end' });
    expect(state.drained).toBe(1);
  });

  test('a new port closes the old one, is sent the last output, and the old one is no longer listened to', () => {
    const { page, port, state } = made();
    page.attach(port);
    page.output(Buffer.from('hello'));
    const second = new FakePort();
    page.attach(second);
    expect(port.closed).toBe(true);
    expect(second.sent).toEqual([{ kind: 'output', bytes: new Uint8Array(Buffer.from('hello')) }]);
    port.say({ kind: 'input', bytes: new Uint8Array(1) });
    expect(state.input).toEqual([]);
  });

  test('input is taken up to its bounds, and reported when it has gone on', () => {
    const { page, port, state } = made();
    page.attach(port);
    port.say({ kind: 'input', bytes: new Uint8Array(MAX_INPUT_BYTES + 1) });
    expect(state.violations).toEqual(['input-too-long']);
    for (let bytes = 0; bytes < INPUT_CREDIT_BYTES * 32; bytes += MAX_INPUT_BYTES) port.say({ kind: 'input', bytes: new Uint8Array(MAX_INPUT_BYTES) });
    expect(state.violations).toEqual(['input-too-long']);
    port.say({ kind: 'input', bytes: new Uint8Array(1) });
    expect(state.violations).toEqual(['input-too-long', 'input-credit']);
    state.gone[0]?.();
    expect(port.sent.at(-1)).toEqual({ kind: 'taken', bytes: MAX_INPUT_BYTES });
  });

  test.each([[null], [7], [{}], [{ kind: 'input', bytes: 'text' }], [{ kind: 'drawn', bytes: -1 }], [{ kind: 'resize', columns: 'x', rows: 1 }], [{ kind: 'exec', command: 'x' }]])('what is not of the contract is not passed on: %j', (data) => {
    const { page, port, state } = made();
    page.attach(port);
    port.say(data);
    expect(state.violations).toEqual(['message']);
    expect(state.input).toEqual([]);
  });
});

describe('the last output', () => {
  test('is bounded, and begins after a line end where its beginning is lost', () => {
    const recent = new RecentOutput(20);
    recent.add(Buffer.from('first line 1\n'));
    expect(Buffer.from(recent.replay()).toString()).toBe('first line 1\n');
    recent.add(Buffer.from('cut\nwhole\n'));
    expect(Buffer.from(recent.replay()).toString()).toBe('cut\nwhole\n');
  });
});
