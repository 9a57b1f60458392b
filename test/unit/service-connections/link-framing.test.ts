import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LinkFrameDecoder, LinkFrameError, MAX_LINK_FRAME_BYTES, encodeLinkFrame, type LinkFrame } from '../../../shared/link/framing.ts';

const frame = fc.record({ kind: fc.constantFrom<LinkFrame['kind']>(0, 1), payload: fc.uint8Array({ maxLength: 300 }) });

describe('frames of the link', () => {
  test('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 200 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(({ kind, payload }) => encodeLinkFrame(kind, payload)));
        const decoder = new LinkFrameDecoder();
        const out: LinkFrame[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const length = cuts[turn % cuts.length] ?? 1;
          out.push(...decoder.push(bytes.subarray(at, at + length)));
          at += length;
        }
        expect(out.map(({ kind, payload }) => [kind, Buffer.from(payload).toString('hex')])).toEqual(frames.map(({ kind, payload }) => [kind, Buffer.from(payload).toString('hex')]));
      }),
    );
  });

  test('garbage is refused or waited for, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        try {
          for (const { payload } of new LinkFrameDecoder().push(bytes)) expect(payload.length).toBeLessThan(MAX_LINK_FRAME_BYTES);
        } catch (error) {
          expect(error).toBeInstanceOf(LinkFrameError);
        }
      }),
    );
  });

  test('a frame above the bound is not written', () => {
    expect(() => encodeLinkFrame(1, new Uint8Array(MAX_LINK_FRAME_BYTES))).toThrow(RangeError);
  });
});
