import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ContainerParser } from '../../../shared/recording/container.ts';
import { ContainerVerifier } from '../../../shared/recording/container-verifier.ts';
import { RecordingOpener } from '../../../shared/recording/opened-recording.ts';
import { type RecordingFrame, RecordingFormatError } from '../../../shared/recording/recording-frame.ts';
import { makeRecordingKeys, makeSampleRecording, openerParts, sampleFrames } from '../../fixtures/sample-recording.ts';

const keys = makeRecordingKeys();
const sample = makeSampleRecording(keys);

function opened(bytes: Uint8Array, step = bytes.length, parts = openerParts(keys)): { frames: RecordingFrame[]; opener: RecordingOpener } {
  const opener = new RecordingOpener(parts);
  const frames: RecordingFrame[] = [];
  for (let at = 0; at < bytes.length; at += step) frames.push(...opener.push(bytes.subarray(at, at + step)).frames);
  return { frames, opener };
}

function verdict(bytes: Uint8Array, parts = openerParts(keys)): ReturnType<RecordingOpener['finish']> {
  const opener = new RecordingOpener(parts);
  try {
    opener.push(bytes);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(RecordingFormatError);
  }
  return opener.finish();
}

describe('a sealed container', () => {
  test('S15: gives back every frame byte for byte, with its time, and is proven whole', () => {
    const { frames, opener } = opened(sample.bytes);
    expect(frames.map(plain)).toEqual(sampleFrames.map(plain));
    expect(opener.finish()).toMatchObject({ ok: true, signed: true, state: 'sealed', code: null, frames: 4 });
    expect(opener.header).toEqual(sample.header);
    expect(opener.seal).toMatchObject({ frames: sampleFrames.length, durationMicroseconds: 2_000_000 });
  });

  test('reads the same when its bytes come one by one', () => {
    expect(opened(sample.bytes, 1).frames.map(plain)).toEqual(sampleFrames.map(plain));
  });

  test('holds nothing of the session in the clear', () => {
    const stored = Buffer.from(sample.bytes);
    for (const frame of sampleFrames) if (frame.payload.length > 6) expect(stored.includes(Buffer.from(frame.payload))).toBe(false);
    expect(stored.includes('sftp')).toBe(false);
  });

  test('its index holds sizes, marks, input and text, without control sequences', () => {
    const opener = new RecordingOpener(openerParts(keys));
    const { index } = opener.push(sample.bytes);
    expect(index.filter((entry) => entry.kind !== 'text' && entry.kind !== 'block')).toEqual([
      { kind: 'input', microseconds: 500_000, bytes: 3 },
      { kind: 'resize', microseconds: 1_000_000, columns: 132, rows: 43 },
      { kind: 'input', microseconds: 1_100_000, bytes: 8 },
      { kind: 'mark', microseconds: 1_200_000, name: 'refused' },
    ]);
    expect(index.flatMap((entry) => (entry.kind === 'text' ? [entry.text] : [])).join('')).toMatch(/^\$ 日\n/);
  });
});

describe('tampering', () => {
  test('each single bit that is changed anywhere is found', () => {
    for (let at = 0; at < sample.bytes.length; at += 1) {
      const changed = Uint8Array.from(sample.bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      expect(verdict(changed).ok, `byte ${at}`).toBe(false);
    }
  });

  test('cut off at any offset, the frames before are the first of those recorded, and it is never called whole', () => {
    for (let length = 0; length < sample.bytes.length; length += 1) {
      const { frames, opener } = opened(sample.bytes.subarray(0, length));
      expect(frames.map(plain)).toEqual(sampleFrames.slice(0, frames.length).map(plain));
      const whole = sample.offsets.filter((offset) => offset <= length).length - 1;
      expect(frames.length).toBe(Math.min(sampleFrames.length, Math.max(0, whole) * 3));
      expect(opener.finish().ok).toBe(false);
    }
  });

  test('a block that is left out, doubled or moved breaks the chain', () => {
    const [start = 0, second = 0, third = 0] = sample.offsets;
    const { bytes } = sample;
    const pieces = [bytes.subarray(0, start), bytes.subarray(start, second), bytes.subarray(second, third), bytes.subarray(third)] as const;
    for (const order of [[0, 2, 3], [0, 1, 1, 2, 3], [0, 2, 1, 3]]) {
      expect(verdict(Buffer.concat(order.map((place) => pieces[place as 0 | 1 | 2 | 3])))).toMatchObject({ ok: false, code: 'recording.broken' });
    }
  });

  test('a seal of another gateway is no seal', () => {
    const other = { ...openerParts(keys), verifySeal: openerParts(makeRecordingKeys()).verifySeal };
    expect(verdict(sample.bytes, other)).toMatchObject({ ok: false, signed: false, code: 'recording.signature-invalid' });
  });

  test('another service\'s key opens nothing', () => {
    expect(() => opened(sample.bytes, sample.bytes.length, { ...openerParts(keys), openerOf: openerParts(makeRecordingKeys()).openerOf })).toThrow(RecordingFormatError);
  });

  test('rule 19: a sealed recording that ends before the last head that a status carried says that evidence is missing', () => {
    const all = verdict(sample.bytes);
    expect(verdict(sample.bytes, { ...openerParts(keys), knownHead: { blocks: 4, headHash: all.headHash } }).ok).toBe(true);
    expect(verdict(sample.bytes, { ...openerParts(keys), knownHead: { blocks: 5, headHash: all.headHash } })).toMatchObject({ ok: false, code: 'recording.evidence-missing' });
    expect(verdict(sample.bytes, { ...openerParts(keys), knownHead: { blocks: 3, headHash: all.headHash } })).toMatchObject({ ok: false, code: 'recording.broken' });
  });

  test('a recording without a seal is not whole', () => {
    expect(verdict(makeSampleRecording(keys, { seal: false }).bytes)).toMatchObject({ ok: false, state: 'recording', code: 'recording.evidence-missing' });
  });

  test('an incomplete recording is proven, and says why it is not whole', () => {
    expect(verdict(makeSampleRecording(keys, { state: 'incomplete' }).bytes)).toMatchObject({ ok: true, state: 'incomplete', code: 'recording.spool-full' });
  });
});

describe('the parser', () => {
  test.each([
    ['another magic', [...Buffer.from('MAVISRED'), 0, 1, 0, 0, 0, 2]],
    ['another version', [...Buffer.from('MAVISREC'), 0, 2, 0, 0, 0, 2]],
    ['a header of 4 GiB', [...Buffer.from('MAVISREC'), 0, 1, 0xff, 0xff, 0xff, 0xff]],
    ['an empty header', [...Buffer.from('MAVISREC'), 0, 1, 0, 0, 0, 0]],
    ['a header that is no JSON', [...Buffer.from('MAVISREC'), 0, 1, 0, 0, 0, 2, 0x7b, 0x7b]],
    ['a header that lacks its fields', [...Buffer.from('MAVISREC'), 0, 1, 0, 0, 0, 2, 0x7b, 0x7d]],
  ])('refuses %s at once', (_, bytes) => {
    expect(() => new ContainerParser().push(Uint8Array.from(bytes))).toThrow(RecordingFormatError);
  });

  test.each([
    ['an unknown type', [9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32]],
    ['a block of 4 GiB', [1, 0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    ['a block shorter than its tag', [1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15]],
    ['a seal of 1 MiB', [3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0]],
  ])('refuses a record of %s before its payload', (_, recordHeader) => {
    const parser = new ContainerParser();
    parser.push(sample.bytes.subarray(0, sample.offsets[0]));
    expect(() => parser.push(Uint8Array.from(recordHeader))).toThrow(RecordingFormatError);
  });

  test('refuses bytes behind the seal', () => {
    expect(verdict(Buffer.concat([sample.bytes, Uint8Array.of(0)]))).toMatchObject({ ok: false, code: 'recording.broken' });
  });

  test('survives whatever it is given: a part or a RecordingFormatError, in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), fc.nat({ max: sample.bytes.length }), (chunks, kept) => {
        const verifier = new ContainerVerifier(openerParts(keys));
        try {
          verifier.push(sample.bytes.subarray(0, kept));
          for (const chunk of chunks) verifier.push(chunk);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RecordingFormatError);
        }
        const rest = chunks.some((chunk) => chunk.length > 0);
        expect(verifier.finish().ok).toBe(kept === sample.bytes.length && !rest);
      }),
      { numRuns: 300 },
    );
  });
});

function plain(frame: RecordingFrame): object {
  return { ...frame, payload: Buffer.from(frame.payload).toString('hex') };
}
