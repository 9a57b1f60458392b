import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { rdpCommands, remoteDesktopFile } from '../../../src-main/foreign-clients/rdp-commands.ts';
import { encodeFailure, encodeRequest, failure, isAgreed, readConnectionPdu, readRequest } from '../../../src-main/foreign-clients/rdp-request.ts';
import { EndedEarly } from '../../../src-main/sessions/viewer/exact-read.ts';

const PASSWORD = '7Q2KM-4HZXT-9WPB3-CJ5RD-8NVE6';
/** The example of MS-RDPBCGR 4.1.1: a cookie, and a request for nothing but RDP's own encryption. */
const WITH_COOKIE = Buffer.from('0300002c27e00000000000436f6f6b69653a206d737473686173683d656c746f6e730d0a0100080000000000', 'hex');

function streamOf(bytes: Uint8Array): PassThrough {
  const stream = new PassThrough();
  stream.end(bytes);
  return stream;
}

describe('what a foreign RDP client asks for', () => {
  test('MS-RDPBCGR 4.1.1: the cookie is read as a token, and asks for no TLS', () => {
    expect(readRequest(WITH_COOKIE)).toEqual({ token: 'Cookie: mstshash=eltons', protocols: 0, tls: false });
  });

  test('a request is passed on with its protocols and without a token', () => {
    expect(readRequest(encodeRequest(0x0b))).toEqual({ token: '', protocols: 0x0b, tls: true });
    expect(encodeRequest(0x0b).toString('hex')).toBe('030000130ee00000000000010008000b000000');
  });

  test('an answer agrees where it says TLS, and in no other case', () => {
    expect(isAgreed(Buffer.from('030000130ed000000000000203080001000000', 'hex'))).toBe(true);
    expect(isAgreed(Buffer.from('030000130ed000000000000203080002000000', 'hex'))).toBe(false);
    expect(isAgreed(encodeFailure(failure.none))).toBe(false);
  });

  test.each(['0300000706e000', '030002010ee0', '0300ffff06e00000000000', '9f3c77aa00ff01', '0203000b06e0'])('A13: %s is refused before more of it is waited for', async (bytes) => {
    await expect(readConnectionPdu(streamOf(Buffer.from(bytes, 'hex')))).rejects.toBeInstanceOf(RdpFormatError);
  });

  test('A13: whatever comes is a request, is refused or ends early, and nothing else happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.boolean(), async (bytes, asTpkt) => {
        const sent = asTpkt ? Buffer.concat([Buffer.from([3, 0, (bytes.length + 4) >> 8, (bytes.length + 4) & 0xff]), bytes]) : bytes;
        try {
          expect(readRequest(await readConnectionPdu(streamOf(sent))).token.length).toBeLessThan(512);
        } catch (error) {
          expect(error instanceof RdpFormatError || error instanceof EndedEarly).toBe(true);
        }
      }),
    );
  });
});

describe('what a foreign RDP client is given', () => {
  const { identity } = new ClientKey(() => Date.parse('2026-11-27T00:00:00Z'));

  test('a file with the port and the one-time password, in lines that end as Windows ends them', () => {
    const text = remoteDesktopFile(40_123, PASSWORD);
    expect(text.split('\r\n')).toEqual(expect.arrayContaining(['full address:s:127.0.0.1:40123', `loadbalanceinfo:s:${PASSWORD}`, 'enablecredsspsupport:i:0', '']));
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  test('FreeRDP’s command names the certificate that it is to see', () => {
    expect(rdpCommands('/home/a b/x.rdp', identity.certificatePem, 'linux')).toEqual([{ program: 'xfreerdp', text: expect.stringMatching(/^xfreerdp '\/home\/a b\/x\.rdp' \/cert:fingerprint:sha256:[0-9a-f]{2}(:[0-9a-f]{2}){31}$/) }]);
  });

  test('Windows and macOS open the file with what they have (not run on Windows, not run on macOS)', () => {
    expect(rdpCommands('C:\\Users\\a b\\x.rdp', identity.certificatePem, 'win32')).toEqual([{ program: 'mstsc', text: 'mstsc "C:\\Users\\a b\\x.rdp"' }]);
    expect(rdpCommands('/Users/a/x.rdp', identity.certificatePem, 'darwin').map(({ program, text }) => [program, text.split(' ')[0]])).toEqual([['windows-app', 'open'], ['xfreerdp', 'xfreerdp']]);
  });
});
