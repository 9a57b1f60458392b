import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { denyingPattern, liesWithin, matchesPattern, restrictsFiles } from '../../../shared/policy/file-rules.ts';
import { sessionPolicy } from '../../../shared/policy/session-policy.ts';
import { fileOperationLine } from '../../../shared/recording/file-operation.ts';
import { type FileAttributes, FieldReader, FieldWriter, idOf, renumber, typeOf } from '../../../shared/sftp/packet-fields.ts';
import { PacketFramer, SftpFormatError } from '../../../shared/sftp/packet-framer.ts';
import { decodeRefusal, encodeRefusal } from '../../../shared/sftp/refusal-text.ts';
import { MAX_PACKET_BYTES, packetType } from '../../../shared/sftp/sftp-constants.ts';
import { TransferredBytes } from '../../../src-gateway/sftp/transferred-bytes.ts';

const joined = (parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts);

describe('packets of SFTP', () => {
  test('come whole out of any pieces, byte by byte as well', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (bodies, cuts) => {
        const packets = bodies.map((body) => joined([Buffer.of(0, 0, 0, body.length), body]));
        const stream = joined(packets);
        const framer = new PacketFramer();
        const out: Uint8Array[] = [];
        for (let at = 0, cut = 0; at < stream.length; cut += 1) {
          const size = cuts[cut % cuts.length] ?? 1;
          out.push(...framer.push(stream.subarray(at, at + size)).map((packet) => Uint8Array.from(packet)));
          at += size;
        }
        expect(out.map((packet) => Buffer.from(packet).toString('hex'))).toEqual(packets.map((packet) => packet.toString('hex')));
        expect(framer.partial).toBe(false);
      }),
    );
  });

  test('a length that lies is refused as soon as it is read', () => {
    const lengths = [0, MAX_PACKET_BYTES + 1, 0xffff_ffff];
    for (const length of lengths) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(length);
      expect(() => new PacketFramer().push(bytes)).toThrow(SftpFormatError);
      const slow = new PacketFramer();
      slow.push(bytes.subarray(0, 3));
      expect(() => slow.push(bytes.subarray(3))).toThrow(SftpFormatError);
    }
  });

  test('fields are read as they were written, and attributes of every kind', () => {
    const attributes: FileAttributes = { size: 2 ** 40 + 5, owner: { uid: 1000, gid: 100 }, mode: 0o100_644, times: { accessedAtSeconds: 1, modifiedAtSeconds: 2 } };
    const packet = new FieldWriter(packetType.open, 8).uint32(7).name('/tmp/日本 \udcff').uint64(2 ** 52).attributes(attributes).attributes({}).end();
    renumber(packet, 9);
    expect([typeOf(packet), idOf(packet)]).toEqual([packetType.open, 9]);
    const reader = new FieldReader(packet);
    expect([reader.name(), reader.uint64(), reader.attributes(), reader.attributes(), reader.left]).toEqual(['/tmp/日本 \udcff', 2 ** 52, attributes, {}, 0]);
  });

  test('whatever bytes come, reading ends in fields or in the one error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 9, maxLength: 100 }), (bytes) => {
        for (const read of [(reader: FieldReader) => reader.name(), (reader: FieldReader) => reader.attributes(), (reader: FieldReader) => reader.text(50)]) {
          try {
            read(new FieldReader(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(SftpFormatError);
          }
        }
      }),
    );
  });
});

describe('rule 29: what is known of the bytes of a file', () => {
  test('ranges join, in any order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 10, 20, 30, 40, 50, 60, 70]), (starts) => {
        const seen = new TransferredBytes();
        seen.giveUpHash();
        for (const start of starts) seen.take(start, new Uint8Array(10));
        const covered = starts.toSorted((a, b) => a - b).reduce<[number, number][]>((ranges, start) => {
          const last = ranges.at(-1);
          if (last?.[1] === start) last[1] = start + 10;
          else ranges.push([start, start + 10]);
          return ranges;
        }, []);
        expect(seen.summary()).toEqual({ bytes: starts.length * 10, sha256: null, ranges: covered });
      }),
    );
  });

  test('there is no hash of what came twice, or waited for too long', () => {
    const twice = new TransferredBytes();
    twice.take(0, new Uint8Array(10));
    twice.take(5, new Uint8Array(10));
    expect(twice.summary()).toEqual({ bytes: 20, sha256: null, ranges: [[0, 15]] });
    const far = new TransferredBytes();
    for (let at = 1; at <= 5; at += 1) far.take(at * 1024 * 1024, new Uint8Array(1024 * 1024));
    far.take(0, new Uint8Array(1024 * 1024));
    expect(far.summary().sha256).toBeNull();
  });
});

describe('what a rule says of files', () => {
  test('patterns stand for names, whatever their capitals, and a folder\'s covers what is in it', () => {
    for (const [name, pattern, fits] of [['id_rsa', 'id_*', true], ['ID_RSA', 'id_*', true], ['a.tar.gz', '*.gz', true], ['a.gz.txt', '*.gz', false], ['abc', 'a?c', true], ['ac', 'a?c', false], ['', '*', true], ['a+b', 'a+b', true], ['aXb', 'a.b', false], ['mississippi', 'm*iss*pi', true]] as const) {
      expect([name, pattern, matchesPattern(name, pattern)]).toEqual([name, pattern, fits]);
    }
    // A pattern that takes a power of the length elsewhere takes its square at most here.
    expect(matchesPattern('a'.repeat(200), `${'*a'.repeat(49)}*b`)).toBe(false);
    expect(denyingPattern('/home/.ssh/config', ['.ssh'])).toBe('.ssh');
    expect(denyingPattern('/home/ssh/config', ['.ssh'])).toBeUndefined();
  });

  test('a folder holds what lies in it, and not what only begins alike', () => {
    expect([liesWithin('/srv', ['/srv']), liesWithin('/srv/a', ['/srv']), liesWithin('/srv-other', ['/srv']), liesWithin('/etc', ['/'])]).toEqual([true, true, false, true]);
  });

  test('the rule that says nothing of files restricts none, and takes no path that is none', () => {
    expect(restrictsFiles(sessionPolicy.parse({}))).toBe(false);
    for (const path of ['relative', '/a/../b', '/a/.', '~root', '../x']) expect(sessionPolicy.safeParse({ filePaths: [path] }).success).toBe(false);
    for (const path of ['/', '/srv/data', '~', '~/in', '/a..b/.hidden']) expect(sessionPolicy.safeParse({ filePaths: [path] }).success).toBe(true);
  });

  test('a refusal is read as it was written, and no text of a target\'s is taken for one by chance', () => {
    expect(decodeRefusal(encodeRefusal('files.too-large', { bytes: 1000 }))).toEqual({ code: 'files.too-large', args: { bytes: 1000 } });
    for (const text of ['Permission denied', 'MAVIS no.such-code {}', 'MAVIS files.too-large', 'MAVIS files.too-large [1]extra', '']) expect(decodeRefusal(text)).toBeUndefined();
  });
});

test('B8: a line of the log can steer no terminal, whatever a name holds', () => {
  const line = fileOperationLine({ operation: 'rename', path: '/a\u001b[2J\n', to: '/\u202eb\udcff', outcome: 'ok' });
  expect(line).toBe('rename   /a\\x1b[2J\\x0a  ->  /\\u{202e}b\\xff  ok');
});
