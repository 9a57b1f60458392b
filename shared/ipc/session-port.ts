/**
 * What flows over the MessagePort between a session's process and its window. Main posts `{ kind: 'session-port', sessionId }`
 * with the port to the page (the preload hands it on by `window.postMessage`).
 *
 * Flow control is by credit: the session's process sends at most `OUTPUT_CREDIT_BYTES` that the page has not yet drawn; the
 * page reports with `drawn` what xterm.js has parsed. So `yes` never piles up in the page, and Ctrl-C, which is not queued
 * behind output, acts within a frame.
 */
export type SessionPortToPage =
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  /** So many bytes of input have gone on to the target's side: the page may send as many more. */
  | { readonly kind: 'taken'; readonly bytes: number }
  /** Everything that was on its way has been sent; the phase in the store says why it ended. */
  | { readonly kind: 'end' };

export type SessionPortFromPage =
  | { readonly kind: 'input'; readonly bytes: Uint8Array }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number; readonly widthPx: number; readonly heightPx: number }
  | { readonly kind: 'drawn'; readonly bytes: number };

/** xterm.js parses 5 to 35 MB/s: 256 KiB is 10 to 50 ms of work, less than a person notices after Ctrl-C, and enough to keep the port full. */
export const OUTPUT_CREDIT_BYTES = 256 * 1024;
/** A paste of more than this is split by the page; the session's process refuses longer input. */
export const MAX_INPUT_BYTES = 64 * 1024;
/** A page sends at most so much input that has not been reported `taken`: a paste into a program that does not read stops here, and waits. */
export const INPUT_CREDIT_BYTES = 1024 * 1024;
/** Bounds of a terminal; a 1x1 terminal hides text from the recording. */
export const TERMINAL_BOUNDS = { minColumns: 10, maxColumns: 1000, minRows: 2, maxRows: 1000 } as const;
