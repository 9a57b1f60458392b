import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeConnectionConfirm, encodeConnectionFailure, encodeConnectionRequest, negotiationFailure, readConnectionConfirm, readConnectionRequest, securityProtocol, tpdu, tpduKind } from '../../../shared/rdp/connection-pdus.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (pdu: Uint8Array): string => Buffer.from(pdu).toString('hex');

/** A PDU around what stands behind the header of X.224. */
function around(code: number, rest: Uint8Array): Uint8Array {
  const length = 11 + rest.length;
  return Uint8Array.of(3, 0, length >> 8, length & 0xff, (6 + rest.length) & 0xff, code, 0, 0, 0, 0, 0, ...rest);
}

describe('PDUs by which a connection of RDP begins', () => {
  test('MS-RDPBCGR 4.1.1: the example\'s cookie is read as a token, and asks for nothing but RDP\'s own encryption', () => {
    expect(readConnectionRequest(bytes('0300002c27e00000000000436f6f6b69653a206d737473686173683d656c746f6e730d0a0100080000000000'))).toEqual({ token: 'Cookie: mstshash=eltons', protocols: 0 });
  });

  test('MS-RDPBCGR 4.1.2: the example\'s answer agrees on RDP\'s own encryption', () => {
    expect(readConnectionConfirm(bytes('030000130ed000001234000200080000000000'))).toEqual({ kind: 'agreed', protocol: securityProtocol.rdp, flags: 0 });
  });

  test('a request names its protocols and no token, byte by byte as MS-RDPBCGR 2.2.1.1 has it', () => {
    expect(hex(encodeConnectionRequest(0x0b))).toBe('030000130ee00000000000010008000b000000');
    expect(readConnectionRequest(encodeConnectionRequest(0x0b))).toEqual({ token: '', protocols: 0x0b });
    expect([tpduKind(encodeConnectionRequest(1)), tpduKind(encodeConnectionConfirm(1, 0))]).toEqual([tpdu.connectionRequest, tpdu.connectionConfirm]);
  });

  test('a token stands before the negotiation or alone; what is behind the negotiation is passed over, and a line\'s end inside of it is none', () => {
    const token = Buffer.from('Cookie: msts=3640205228.15629.0000', 'latin1');
    const line = Buffer.concat([token, Buffer.from('\r\n')]);
    const text = token.toString('latin1');
    expect(readConnectionRequest(around(0xe0, Buffer.concat([line, bytes('0100080003000000')])))).toEqual({ token: text, protocols: 3 });
    expect(readConnectionRequest(around(0xe0, line))).toEqual({ token: text, protocols: 0 });
    expect(readConnectionRequest(around(0xe0, Buffer.concat([bytes('0108080003000000'), Buffer.alloc(36, 6)])))).toEqual({ token: '', protocols: 3 });
    expect(readConnectionRequest(around(0xe0, bytes('010008000d0a0000')))).toEqual({ token: '', protocols: 0x0a0d });
  });

  test('an answer agrees, with the target\'s flags, or refuses with a code; without a negotiation it is RDP\'s own encryption', () => {
    expect(readConnectionConfirm(encodeConnectionConfirm(2, 0x1f))).toEqual({ kind: 'agreed', protocol: 2, flags: 0x1f });
    expect(readConnectionConfirm(bytes('030000130ed000000000000203080001000000'))).toEqual({ kind: 'agreed', protocol: 1, flags: 3 });
    expect(readConnectionConfirm(bytes('030000130ed000000000000300080005000000'))).toEqual({ kind: 'refused', code: 5 });
    expect(readConnectionConfirm(bytes('0300000b06d00000000000'))).toEqual({ kind: 'agreed', protocol: 0, flags: 0 });
    expect(hex(encodeConnectionFailure(negotiationFailure.tlsRequired))).toBe('030000130ed000000000000300080001000000');
    expect(readConnectionConfirm(encodeConnectionFailure(negotiationFailure.none))).toEqual({ kind: 'refused', code: 4 });
  });

  test.each(['030000130ed0000000000004000800ffffffff', '030000130ed00000000000020009000b000000', '0300000c06d0000000000000', '0300000b06e00000000000', '0300000c07d000000000000002'])('an answer that is none is refused: %s', (wrong) => {
    expect(() => readConnectionConfirm(bytes(wrong))).toThrow(RdpFormatError);
  });

  test.each(['0300000b06d00000000000', '0300000b07e00000000000', '0300000a05e000000000', ''])('a request that is none is refused: %s', (wrong) => {
    expect(() => readConnectionRequest(bytes(wrong))).toThrow(RdpFormatError);
  });

  test('one longer than a client\'s is refused', () => {
    expect(() => readConnectionRequest(around(0xe0, new Uint8Array(502)))).toThrow(RdpFormatError);
  });

  test('A13, A18: whatever it holds, one is read or refused with one error, wherever it lies in its memory', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 245 }), fc.constantFrom(0xe0, 0xd0), (rest, code) => {
        const pdu = around(code, rest);
        const elsewhere = new Uint8Array([9, 9, 9, ...pdu, 9]).subarray(3, 3 + pdu.length);
        const read = (one: Uint8Array): unknown => {
          try {
            return code === 0xe0 ? readConnectionRequest(one) : readConnectionConfirm(one);
          } catch (error) {
            if (error instanceof RdpFormatError) return 'refused';
            throw error;
          }
        };
        expect(read(elsewhere)).toEqual(read(pdu));
      }),
    );
  });
});
