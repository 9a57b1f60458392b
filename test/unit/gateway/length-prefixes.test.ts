import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, FrameDecoder, frameType } from '../../../shared/proxy-stream/frames.ts';
import { decodeJsonPayload, decodeFrames, encodeJsonPayload, encodeRecordingFrame, frameKind, markPayload } from '../../../shared/recording/recording-frame.ts';
import { encodeUtf8 } from '../../../shared/recording/utf8.ts';
import { encodeLinkFrame, LinkFrameDecoder, linkFrameKind } from '../../../shared/link/framing.ts';
import { FieldReader, FieldWriter } from '../../../shared/sftp/packet-fields.ts';
import { packetType } from '../../../shared/sftp/sftp-constants.ts';
import { encodeFileList, readFileList } from '../../../src-gateway/rdp/wire/file-list.ts';

/** Letters of one to four bytes, of one and of two units of UTF-16: where a length counts the wrong ones, the rest of a text becomes the next message. */
const text = fc.string({ unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }), fc.constantFrom('😀', '𠮷', 'é', '日', '\0', '\n')), maxLength: 80 });
const canary = encodeUtf8('{"kind":"canary"}');
const options = { seed: 12, numRuns: 500 };

test('B12: a text in a frame between client and gateway is never longer or shorter than its length says', () => {
  fc.assert(
    fc.property(text, (said) => {
      const frames = new FrameDecoder().push(Buffer.concat([encodeFrame(frameType.message, encodeUtf8(JSON.stringify(said))), encodeFrame(frameType.message, canary)]));
      expect(frames.map(({ payload }) => Buffer.from(payload).toString('utf8'))).toEqual([JSON.stringify(said), '{"kind":"canary"}']);
    }),
    options,
  );
});

test('B12: neither between gateway and service', () => {
  fc.assert(
    fc.property(text, (said) => {
      const frames = new LinkFrameDecoder().push(Buffer.concat([encodeLinkFrame(linkFrameKind.json, encodeUtf8(JSON.stringify(said))), encodeLinkFrame(linkFrameKind.json, canary)]));
      expect(frames.map(({ payload }) => Buffer.from(payload).toString('utf8'))).toEqual([JSON.stringify(said), '{"kind":"canary"}']);
    }),
    options,
  );
});

test('B12: nor in a recording', () => {
  fc.assert(
    fc.property(text, (detail) => {
      const frames = [encodeJsonPayload({ name: 'file-out', detail }), encodeJsonPayload({ name: 'next', detail: '' })].map((payload) => encodeRecordingFrame({ kind: frameKind.mark, microseconds: 1, payload }));
      expect(decodeFrames(Buffer.concat(frames)).map(({ payload }) => decodeJsonPayload(markPayload, payload))).toEqual([{ name: 'file-out', detail }, { name: 'next', detail: '' }]);
    }),
    options,
  );
});

test('B12: nor in a packet of SFTP', () => {
  fc.assert(
    fc.property(text, (name) => {
      const packet = new FieldWriter(packetType.open).uint32(7).bytes(encodeUtf8(name)).bytes(canary).end();
      const reader = new FieldReader(packet.subarray(4), 5);
      expect([reader.bytes(), reader.bytes()].map((bytes) => Buffer.from(bytes).toString('utf8'))).toEqual([Buffer.from(name).toString('utf8'), '{"kind":"canary"}']);
      expect(reader.left).toBe(0);
    }),
    options,
  );
});

test('B12: nor in a clipboard’s list of files', () => {
  fc.assert(
    fc.property(text, (path) => {
      const files = [path.replaceAll('\0', '_'), 'next'].map((one) => ({ path: one, folder: false, sizeBytes: 1, written: undefined }));
      expect(readFileList(encodeFileList(files))).toEqual(files);
    }),
    options,
  );
});
