import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConnectionRequest } from '../../../shared/rdp/connection-pdus.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { rdpCommands, remoteDesktopFile } from '../../../src-main/foreign-clients/rdp-commands.ts';
import { readConnectionPdu } from '../../../src-main/foreign-clients/connection-pdu.ts';
import { EndedEarly } from '../../../src-main/sessions/viewer/exact-read.ts';

const PASSWORD = '7Q2KM-4HZXT-9WPB3-CJ5RD-8NVE6';
function streamOf(bytes: Uint8Array): PassThrough {
  const stream = new PassThrough();
  stream.end(bytes);
  return stream;
}

describe('what a foreign RDP client asks for', () => {
  test.each(['0300000706e000', '030002010ee0', '0300ffff06e00000000000', '9f3c77aa00ff01', '0203000b06e0'])('A13: %s is refused before more of it is waited for', async (bytes) => {
    await expect(readConnectionPdu(streamOf(Buffer.from(bytes, 'hex')))).rejects.toBeInstanceOf(RdpFormatError);
  });

  test('A13: whatever comes is a request, is refused or ends early, and nothing else happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.boolean(), async (bytes, asTpkt) => {
        const sent = asTpkt ? Buffer.concat([Buffer.from([3, 0, (bytes.length + 4) >> 8, (bytes.length + 4) & 0xff]), bytes]) : bytes;
        try {
          expect(readConnectionRequest(await readConnectionPdu(streamOf(sent))).token.length).toBeLessThan(512);
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
