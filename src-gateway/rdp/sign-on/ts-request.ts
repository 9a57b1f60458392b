import { der, derContext, derInteger, derOctets, derTag, DerError, readDerFields, readDerOnly, readDerUnsigned } from '../../../shared/der/der.ts';
import { RdpFormatError } from '../../../shared/rdp/rdp-format-error.ts';

/** A challenge with a large domain's names is some hundred bytes; Kerberos tickets, which are larger, are not spoken here. */
export const MOST_TS_REQUEST_BYTES = 32 * 1024;

/** The one message of CredSSP, both ways (MS-CSSP 2.2.1). */
export interface TsRequest {
  readonly version: number;
  readonly token?: Buffer;
  readonly authInfo?: Buffer;
  readonly pubKeyAuth?: Buffer;
  /** An NTSTATUS, where the server refuses (from version 3 on). */
  readonly errorCode?: number;
  readonly clientNonce?: Buffer;
}

export function encodeTsRequest(request: TsRequest): Buffer {
  const fields = [derContext(0, derInteger(request.version))];
  if (request.token !== undefined) fields.push(derContext(1, der(derTag.sequence, der(derTag.sequence, derContext(0, derOctets(request.token))))));
  if (request.authInfo !== undefined) fields.push(derContext(2, derOctets(request.authInfo)));
  if (request.pubKeyAuth !== undefined) fields.push(derContext(3, derOctets(request.pubKeyAuth)));
  if (request.clientNonce !== undefined) fields.push(derContext(5, derOctets(request.clientNonce)));
  return Buffer.from(der(derTag.sequence, ...fields));
}

/** Reads a whole message; throws RdpFormatError for anything else. */
export function decodeTsRequest(bytes: Uint8Array): TsRequest {
  try {
    const fields = readDerFields(readDerOnly(bytes, derTag.sequence), 8);
    const version = fields.get(0);
    if (version === undefined) throw new DerError('no version');
    const [tokens, authInfo, pubKeyAuth, errorCode, clientNonce] = [1, 2, 3, 4, 5].map((number) => fields.get(number));
    return {
      version: readDerUnsigned(version),
      ...(tokens === undefined ? {} : { token: onlyToken(tokens) }),
      ...(authInfo === undefined ? {} : { authInfo: octets(authInfo) }),
      ...(pubKeyAuth === undefined ? {} : { pubKeyAuth: octets(pubKeyAuth) }),
      ...(errorCode === undefined ? {} : { errorCode: readDerUnsigned(errorCode) }),
      ...(clientNonce === undefined ? {} : { clientNonce: octets(clientNonce) }),
    };
  } catch (cause) {
    if (cause instanceof DerError) throw new RdpFormatError(`credssp: ${cause.message}`);
    throw cause;
  }
}

function onlyToken(tokens: Uint8Array): Buffer {
  const token = readDerFields(readDerOnly(readDerOnly(tokens, derTag.sequence), derTag.sequence), 2).get(0);
  if (token === undefined) throw new DerError('no token');
  return octets(token);
}

function octets(bytes: Uint8Array): Buffer {
  return Buffer.from(readDerOnly(bytes, derTag.octetString));
}

/** TSCredentials with a password (MS-CSSP 2.2.1.2): what the target is handed once it has proved that it is itself. */
export function passwordCredentials(domain: string, userName: string, password: string): Buffer {
  const fields = [domain, userName, password].map((text, number) => derContext(number, derOctets(Buffer.from(text, 'utf16le'))));
  return Buffer.from(der(derTag.sequence, derContext(0, derInteger(1)), derContext(1, derOctets(der(derTag.sequence, ...fields)))));
}
