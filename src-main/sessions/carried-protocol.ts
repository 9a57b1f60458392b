import type { TerminalSize } from './page-port.ts';

/** A protocol's end in the session's process, once it stands: where the page's input goes, and how its output is held back. */
export interface CarriedProtocol {
  /** Stops and resumes what comes from the target. */
  pause(): void;
  resume(): void;
  /** Takes input of the page; calls back when it has gone on. */
  write(bytes: Uint8Array, gone: () => void): void;
  /** Of terminals; a desktop's size is said in its own protocol. */
  resize(size: TerminalSize): void;
  /** Ends the protocol in good order. */
  end(): void;
}
