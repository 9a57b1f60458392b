import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DerError } from '../../../shared/der/der.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { CredSspClient, CredSspRefused } from '../../../src-gateway/rdp/sign-on/credssp-client.ts';
import { readChallenge } from '../../../src-gateway/rdp/sign-on/ntlm-messages.ts';
import { decodeTsRequest, encodeTsRequest } from '../../../src-gateway/rdp/sign-on/ts-request.ts';
import { conferenceBlocks } from '../../../src-gateway/rdp/wire/conference.ts';
import { mcsOf } from '../../../src-gateway/rdp/wire/mcs.ts';
import { sharePdus } from '../../../src-gateway/rdp/wire/share.ts';
import { encodeConnectionConfirm, encodeConnectionRequest, readConnectionConfirm, readConnectionRequest } from '../../../shared/rdp/connection-pdus.ts';
import { endsHandshake, readTargetPdu, shareKindsOf } from '../../../src-renderer/desktop/rdp/target-pdu.ts';
import { RdpStream } from '../../../src-renderer/desktop/rdp/rdp-stream.ts';
import { rdpConnectionLog } from '../../fixtures/rdp-connection-log.ts';

/** A challenge of Windows as MS-NLMP 4.2.4.3 prints it. */
const CHALLENGE = Buffer.from('4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f53006500720076006500720002000c0044006f006d00610069006e0001000c005300650072007600650072000000000000', 'hex');
const TS_REQUEST = encodeTsRequest({ version: 6, token: CHALLENGE });
const [initial, response] = rdpConnectionLog('freerdpShadow').map(({ pdu }) => pdu.bytes);
if (initial === undefined || response === undefined) throw new Error('the log is empty');

const seed = 41_319;
/** A real message with bytes flipped and its end cut off or doubled, or noise. */
const hostile = (real: Uint8Array): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.tuple(fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(real.length)).map(([flips, end]) => {
      const bytes = Buffer.concat([real.subarray(0, end), real.subarray(end >> 1)]);
      for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
      return bytes;
    }),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  );

test.each([
  ['an answer to the request for a connection', encodeConnectionConfirm(1, 0), (bytes: Buffer) => readConnectionConfirm(bytes)],
  ['a request for a connection', encodeConnectionRequest(3), (bytes: Buffer) => readConnectionRequest(bytes)],
  ['a message of CredSSP', TS_REQUEST, (bytes: Buffer) => decodeTsRequest(bytes)],
  ['a challenge of NTLM', CHALLENGE, (bytes: Buffer) => readChallenge(bytes)],
  ['what a client says of the conference', initial, (bytes: Buffer) => conferenceBlocks('request', mcsOf(bytes))],
  ['what a target says of it', response, (bytes: Buffer) => conferenceBlocks('response', mcsOf(bytes))],
  ['PDUs of the share', Buffer.from('120017000000000000000000000002000000', 'hex'), (bytes: Buffer) => sharePdus(bytes)],
] as const)('A18: %s is read, or refused with one error, whatever it holds', (_what, real, read) => {
  expect(() => read(Buffer.from(real))).not.toThrow();
  fc.assert(
    fc.property(hostile(real), (bytes) => {
      try {
        read(bytes);
      } catch (error) {
        if (!(error instanceof RdpFormatError || error instanceof DerError)) throw error;
      }
    }),
    { seed, numRuns: 1000 },
  );
});

test('A18, A19: a server that answers NLA with anything but what it should gets no password, and the sign-on ends with its error', () => {
  fc.assert(
    fc.property(hostile(TS_REQUEST), hostile(TS_REQUEST), (first, second) => {
      const client = new CredSspClient({ account: { domain: 'LAB', userName: 'ann', password: 'canary-password' }, publicKey: Buffer.alloc(64, 1), targetName: 'TERMSRV/host', random: (length) => Buffer.alloc(length, 7), nowMs: 1_700_000_000_000 });
      const sent = [client.begin().send];
      try {
        for (const bytes of [first, second]) sent.push(client.take(bytes).send);
      } catch (error) {
        if (!(error instanceof RdpFormatError || error instanceof DerError || error instanceof CredSspRefused)) throw error;
      }
      // Nothing more than the answer to a challenge, which holds none: the password goes behind the proof of the server's key.
      expect(sent.length).toBeLessThanOrEqual(2);
      expect(Buffer.concat(sent).includes(Buffer.from('canary-password', 'utf16le'))).toBe(false);
    }),
    { seed, numRuns: 500 },
  );
});

/** What a window's reading of a stream ends with: nothing, or an error. */
function readByWindow(bytes: Buffer, step: number): unknown {
  const stream = new RdpStream(() => undefined, new Uint8Array(0));
  try {
    for (let at = 0; at < bytes.length; at += step) stream.receive(bytes.subarray(at, at + step));
    const pdu = readTargetPdu(bytes);
    endsHandshake(pdu);
    if (pdu.kind === 'mcs') shareKindsOf(pdu.data);
    return undefined;
  } catch (error) {
    return error;
  }
}

test('A18: the window’s own reading of a hostile stream ends in the one error that it tells, if in any', () => {
  const target = Buffer.concat(rdpConnectionLog('xrdp').filter(({ from }) => from === 'target').map(({ pdu }) => pdu.bytes)).subarray(0, 6000);
  expect(readByWindow(target, 100)).toBeUndefined();
  fc.assert(
    fc.property(hostile(target), fc.integer({ min: 1, max: 999 }), (bytes, step) => {
      const ended = readByWindow(bytes, step);
      expect(ended === undefined || ended instanceof RdpFormatError).toBe(true);
    }),
    { seed, numRuns: 1000 },
  );
});
