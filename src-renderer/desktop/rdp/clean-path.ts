import { der, derContext, derInteger, derOctets, derTag, readDerFields, readDerOnly, readDerUnsigned } from '../../../shared/der/der.ts';

/** RDCleanPath's one version (IronRDP, crates/ironrdp-rdcleanpath). */
const VERSION = 3390;
const MOST_FIELDS = 10;
/** Fields of a PDU, by number. */
const field = { version: 0, error: 1, x224: 6, certificates: 7, serverAddress: 9 } as const;
/** The answer of the target is no, and comes along. */
const NEGOTIATION_ERROR = 2;

/** The X.224 request in an engine's first message; throws DerError for anything else. */
export function readCleanPathRequest(message: Uint8Array): Uint8Array {
  const fields = readDerFields(readDerOnly(message, derTag.sequence), MOST_FIELDS);
  const none = new Uint8Array(0);
  if (readDerUnsigned(fields.get(field.version) ?? none) !== VERSION) return none;
  return readDerOnly(fields.get(field.x224) ?? none, derTag.octetString);
}

/** The answer that the way is open: the target's X.224 answer and its certificate. */
export function cleanPathResponse(x224: Uint8Array, certificate: Uint8Array): Uint8Array {
  return der(
    derTag.sequence,
    derContext(field.version, derInteger(VERSION)),
    derContext(field.x224, derOctets(x224)),
    derContext(field.certificates, der(derTag.sequence, derOctets(certificate))),
    // Where the target is, no page is told.
    derContext(field.serverAddress, der(derTag.utf8String, new TextEncoder().encode('target'))),
  );
}

/** The answer that there is no connection to be had. */
export function cleanPathRefusal(x224: Uint8Array): Uint8Array {
  return der(derTag.sequence, derContext(field.version, derInteger(VERSION)), derContext(field.error, der(derTag.sequence, derContext(0, derInteger(NEGOTIATION_ERROR)))), derContext(field.x224, derOctets(x224)));
}
