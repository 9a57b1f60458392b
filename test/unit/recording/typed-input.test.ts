import { describe, expect, test } from 'vitest';
import { ECHO_WITHIN_MS, LONGEST_RUN_BYTES, RUN_PAUSE_MS, TypedInput } from '../../../src-gateway/recordings/typed-input.ts';

class Typing {
  readonly kept: string[] = [];
  readonly #typed = new TypedInput((bytes) => void this.kept.push(Buffer.from(bytes).toString('latin1')));
  #nowMs = 0;

  wait(milliseconds: number): this {
    this.#nowMs += milliseconds;
    this.#typed.expire(this.#nowMs);
    return this;
  }
  type(text: string): this {
    this.#typed.typed(Buffer.from(text, 'latin1'), this.#nowMs);
    return this;
  }
  shows(text: string): this {
    this.#typed.output(Buffer.from(text, 'latin1'), this.#nowMs);
    return this;
  }
  /** Each letter typed, and echoed after so long. */
  echoed(text: string, afterMs = 20): this {
    for (const letter of text) this.type(letter).wait(afterMs).shows(letter === '\r' ? '\r\n' : letter);
    return this;
  }
  end(): this {
    this.#typed.end();
    return this;
  }
  get deadline(): number | undefined {
    return this.#typed.nextDeadlineMs;
  }
}

describe('rule 20: of what the user typed', () => {
  test('a command that is echoed is kept, with its return', () => {
    expect(new Typing().echoed('ls -la\r').kept).toEqual(['ls -la\r']);
  });

  test('a command pasted at once is kept', () => {
    expect(new Typing().type('echo hi\r').wait(30).shows('echo hi\r\nhi\r\n$ ').kept).toEqual(['echo hi\r']);
  });

  test('a password typed without echo is not kept, however it is typed', () => {
    expect(new Typing().echoed('sudo -i\r').shows('[sudo] password for aiko: ').type('hunter2\r').wait(10).shows('\r\n# hunter2hunter2').wait(600).kept).toEqual(['sudo -i\r']);
    const slow = new Typing().echoed('sudo -i\r').shows('Password: ');
    for (const letter of 'hunter2\r') slow.type(letter).wait(150);
    expect(slow.shows('\r\n# hunter2').wait(6000).end().kept).toEqual(['sudo -i\r']);
  });

  test('a password shown as stars is not kept', () => {
    const typing = new Typing();
    for (const letter of 'hunter2') typing.type(letter).wait(20).shows('*');
    expect(typing.type('\r').shows('\r\n').wait(6000).end().kept).toEqual([]);
  });

  test('a password is not kept though one or more of its letters come by chance', () => {
    const typing = new Typing();
    for (const letter of 'hunter2') typing.type(letter).wait(50).shows(letter === 'n' ? '' : `${letter} `);
    expect(typing.type('\r').shows('\r\n').wait(6000).end().kept).toEqual([]);
  });

  test('an echo within 500 ms counts, a later one does not', () => {
    expect(new Typing().echoed('ls\r', ECHO_WITHIN_MS - 1).kept).toEqual(['ls\r']);
    expect(new Typing().echoed('ls\r', ECHO_WITHIN_MS + 1).wait(6000).end().kept).toEqual([]);
  });

  test('what is typed ahead over a line of 300 ms is kept', () => {
    const typing = new Typing();
    for (const letter of 'uptime') typing.type(letter).wait(60);
    typing.shows('up').wait(60).shows('t').wait(60).shows('i').type('\r').wait(60).shows('me');
    expect(typing.wait(200).shows('\r\n').kept).toEqual(['uptime\r']);
  });

  test('a shell that draws the line anew at each letter is kept', () => {
    expect(new Typing().type('l').shows('l').type('s').shows('\b\u001b[1ml\u001b[0m\u001b[1ms\u001b[0m').type('\r').shows('\r\r\n').kept).toEqual(['ls\r']);
  });

  test('arrows, tabs and lone returns are no letters', () => {
    expect(new Typing().type('\u001b[A').shows('ls').type('\t').shows('file').type('\r').shows('\r\n').wait(6000).kept).toEqual([]);
    expect(new Typing().echoed('cat f').type('\t').shows('ile.txt ').type('\r').shows('\r\n').kept).toEqual(['cat f\t']);
  });

  test('commands of an editor and what is typed behind them are not kept, its text after a pause is', () => {
    expect(new Typing().type('i').shows('\u001b[24;1H-- INSERT --').echoed('hello').type('\u001b').wait(6000).kept).toEqual([]);
    const typing = new Typing().type('o').shows('\u001b[2;1H').wait(RUN_PAUSE_MS).echoed('hello');
    expect(typing.kept).toEqual([]);
    expect(typing.type('\u001b').kept).toEqual(['hello']);
  });

  test('letters of any encoding are compared by their bytes', () => {
    expect(new Typing().type('\u00e6\u0097\u00a5').shows('\u00e6\u0097').shows('\u00a5').type('\r').kept).toEqual(['\u00e6\u0097\u00a5\r']);
    expect(new Typing().type('\u0083\u0065\u0083\u0058').shows('\u0083\u0065\u0083\u0058').type('\r').kept).toEqual(['\u0083\u0065\u0083\u0058\r']);
  });

  test('text inside control sequences is no echo', () => {
    expect(new Typing().type('ab\r').shows('\u001b]0;ab\u0007\r\n').wait(6000).end().kept).toEqual([]);
  });

  test('an end of the session keeps what was echoed and nothing else', () => {
    expect(new Typing().echoed('exi').end().kept).toEqual(['exi']);
    expect(new Typing().type('secret').end().kept).toEqual([]);
  });

  test('memory is bounded, and time is asked for only while something waits', () => {
    const typing = new Typing();
    expect(typing.deadline).toBeUndefined();
    for (let line = 0; line < 1000; line += 1) typing.type(`${'x'.repeat(3 * LONGEST_RUN_BYTES)}\r`);
    expect(typing.deadline).toBe(ECHO_WITHIN_MS);
    typing.wait(ECHO_WITHIN_MS + 1);
    expect(typing.kept).toEqual([]);
    typing.wait(RUN_PAUSE_MS);
    expect(typing.deadline).toBeUndefined();
  });
});
