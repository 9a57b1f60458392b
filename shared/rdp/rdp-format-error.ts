/** What a peer sent is no RDP of the form that is expected, or over a bound; `what` is a word for the log, never its bytes. */
export class RdpFormatError extends Error {
  override readonly name = 'RdpFormatError';
  readonly what: string;
  constructor(what: string) {
    super(`rdp: ${what}`);
    this.what = what;
  }
}
