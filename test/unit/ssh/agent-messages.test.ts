import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentMessageError, AgentMessages, encodeAgentMessage, MAX_AGENT_MESSAGE_BYTES, mayReachAgent } from '../../../shared/ssh/agent-messages.ts';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });

function extension(name: string, rest = ''): Uint8Array {
  const head = Buffer.alloc(5);
  head[0] = 27;
  head.writeUInt32BE(name.length, 1);
  return Buffer.concat([head, Buffer.from(name + rest)]);
}

describe('messages of an SSH agent', () => {
  test('come whole out of any pieces', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), fc.integer({ min: 1, max: 50 }), (messages, size) => {
        const wire = Buffer.concat(messages.map(encodeAgentMessage));
        const parser = new AgentMessages();
        const got: Uint8Array[] = [];
        for (let at = 0; at < wire.length; at += size) got.push(...parser.push(wire.subarray(at, at + size)));
        expect(got.map((one) => [...one])).toEqual(messages.map((one) => [...one]));
      }),
    );
  });

  test('of no length, or longer than OpenSSH\'s agent takes, are none', () => {
    const head = (length: number): Buffer => {
      const made = Buffer.alloc(4);
      made.writeUInt32BE(length);
      return made;
    };
    for (const length of [0, MAX_AGENT_MESSAGE_BYTES + 1, 0xffff_ffff]) expect(() => new AgentMessages().push(head(length))).toThrow(AgentMessageError);
    expect(new AgentMessages().push(head(MAX_AGENT_MESSAGE_BYTES))).toEqual([]);
  });
});

describe('what a target may ask of a user\'s agent', () => {
  test.each([
    ['which keys there are', Uint8Array.of(11)],
    ['a signature', Uint8Array.of(13, 0, 0, 0, 0)],
    ['to note for which connection it is', extension('session-bind@openssh.com', 'xyz')],
  ])('%s', (_, message) => expect(mayReachAgent(message)).toBe(true));

  test.each([
    ['add a key', 17],
    ['remove a key', 18],
    ['remove all keys', 19],
    ['load a library (CVE-2023-38408)', 20],
    ['unload a library', 21],
    ['lock the agent', 22],
    ['unlock the agent', 23],
    ['add a key with constraints', 25],
    ['load a library with constraints', 26],
    ['what SSH 1 asked', 1],
  ])('not: %s', (_, kind) => expect(mayReachAgent(Uint8Array.of(kind, 0, 0, 0, 0))).toBe(false));

  test.each([
    ['another extension', extension('query')],
    ['one whose name is longer than the message', Uint8Array.of(27, 0, 0, 0, 24, 115)],
    ['one whose name begins like the allowed one', extension('session-bind@openssh.com.evil')],
    ['one without a name', Uint8Array.of(27)],
  ])('not: %s', (_, message) => expect(mayReachAgent(message)).toBe(false));
});
