/** Why a TLS handshake that a peer began was ended by this side. */
export interface HandshakeFault {
  readonly timedOut: boolean;
  /** The TLS library's word for it, such as `ERR_SSL_HTTP_REQUEST`; never a byte of the peer's. */
  readonly what: string;
}

/** What a failed handshake says of the peer; null for one that went away by itself, as every client does that is cancelled. */
export function handshakeFault(error: Error): HandshakeFault | null {
  const code = codeOf(error);
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return { timedOut: true, what: code };
  return code.startsWith('ERR_SSL_') ? { timedOut: false, what: code } : null;
}

/** The HTTP parser's word for what a peer sent that is no HTTP, such as `HPE_INVALID_METHOD`; null for whatever else ended the connection. */
export function httpFault(error: Error): string | null {
  const code = codeOf(error);
  return code.startsWith('HPE_') ? code : null;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code.slice(0, 100) : '';
}
