/** What a proxy answered to CONNECT (RFC 9110, 9.3.6): its status, the schemes by which it asks who we are, and what came behind the header. */
export interface ConnectAnswer {
  readonly status: number;
  /** Names of the schemes of `Proxy-Authenticate`, in lower case, in their order. */
  readonly schemes: readonly string[];
  readonly rest: Buffer;
}

/** A header is a few hundred bytes; one that is longer than this is no header. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Reads the header of an answer from pieces; pure. Holds at most 16 KiB. */
export class ConnectAnswerParser {
  #held: Buffer = Buffer.alloc(0);

  /** The answer as soon as its header is whole, undefined before. Throws RangeError for what is no header of HTTP/1, or too long. */
  push(chunk: Buffer): ConnectAnswer | undefined {
    const from = Math.max(0, this.#held.length - 3);
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const end = this.#held.indexOf('\r\n\r\n', from);
    if (end > MAX_HEADER_BYTES || (end < 0 && this.#held.length > MAX_HEADER_BYTES)) throw new RangeError('header too long');
    // Whatever does not begin as HTTP is not waited for.
    const begun = this.#held.subarray(0, 9).toString('latin1');
    if (!/^HTTP\/1\.[01] $/.test(begun.padEnd(9, '\0')) && !'HTTP/1.0 '.startsWith(begun) && !'HTTP/1.1 '.startsWith(begun)) throw new RangeError('no HTTP');
    if (end < 0) return undefined;
    return parseHeader(this.#held.subarray(0, end).toString('latin1'), this.#held.subarray(end + 4));
  }
}

function parseHeader(header: string, rest: Buffer): ConnectAnswer {
  const [statusLine = '', ...fields] = header.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?$/.exec(statusLine)?.[1];
  if (status === undefined) throw new RangeError('no status');
  const challenges = fields.flatMap((field) => /^proxy-authenticate:(.*)$/i.exec(field)?.[1]?.trim().replaceAll(/"(?:[^"\\]|\\.)*"/g, '""') ?? []);
  // A challenge begins with its scheme; parameters have an equals sign behind their name.
  const schemes = challenges.flatMap((challenge) => [...challenge.matchAll(/(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[^\s=,]|\s*(?:,|$))/g)].map(([, scheme = '']) => scheme.toLowerCase()));
  return { status: Number(status), schemes: [...new Set(schemes)], rest };
}
