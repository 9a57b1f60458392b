import type { Primer } from '../../shared/watching/primer.ts';
import type { KeyCombination } from './key-combinations.ts';

/** How a picture that is not of the window's size is shown: drawn smaller or larger until all of it is seen, or point for point. */
export const scalings = ['fit', 'actual'] as const;
export type Scaling = (typeof scalings)[number];

/** What is asked of the target: every colour as it is, or fewer bytes. */
export const qualities = ['exact', 'high', 'medium', 'low'] as const;
export type Quality = (typeof qualities)[number];

/** A file or folder that a target's clipboard holds: its path is hostile text. */
export interface TargetFile {
  readonly path: string;
  readonly folder: boolean;
  readonly sizeBytes: number;
}

/** A file of this computer for a target's clipboard. */
export interface ChosenFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/** Reads a piece of a file by its place in a list; shorter only at its end. */
export type ReadPiece = (place: number, at: number, bytes: number) => Promise<Uint8Array<ArrayBuffer>>;

/** What an engine tells its window. */
export interface DesktopEvents {
  /** Bytes of the protocol for the target. */
  readonly send: (bytes: Uint8Array) => void;
  /** The picture's size, at the start and whenever the target changes it. */
  readonly onSize: (size: { readonly width: number; readonly height: number }) => void;
  /** A whole update has been drawn. */
  readonly onFrame: () => void;
  /** The target's clipboard holds this text now. */
  readonly onClipboard: (text: string) => void;
  /** The target's clipboard holds these files now; none where it holds something else. */
  readonly onFiles: (files: readonly TargetFile[]) => void;
  /** The name that the target gives its desktop: hostile text. */
  readonly onName: (name: string) => void;
  readonly onBell: () => void;
  /** The target sent what the engine cannot read; nothing more is drawn. */
  readonly onBroken: (what: string) => void;
}

/** What the access rule and the user's window leave of the user's side. The gateway enforces the rule; here it only keeps the window honest. */
export interface DesktopSettings {
  readonly viewOnly: boolean;
  readonly scaling: Scaling;
  readonly quality: Quality;
}

/** One protocol's engine: draws a target's desktop into an element from the protocol's own bytes, and turns what the user does there into bytes. */
export interface DesktopEngine {
  /** Takes bytes from the target; calls back when it can take as many more. */
  receive(bytes: Uint8Array, taken: () => void): void;
  /** Goes on with one of the protocol's packed streams from its middle, where the protocol has such. Throws where the primer is none. */
  prime?(primer: Primer): void;
  apply(settings: DesktopSettings): void;
  /** Presses and releases keys that the user's own system would keep for itself. */
  sendKeys(keys: KeyCombination): void;
  /** Puts text into the target's clipboard. */
  sendClipboard(text: string): void;
  /** Reads a file of the target's clipboard; rejects where the target says no. Not there where the protocol knows no files. */
  readonly readFile?: ReadPiece;
  /** Puts files of this computer into the target's clipboard, which reads them when somebody pastes there; false where the target has no clipboard. */
  readonly offerFiles?: (files: readonly ChosenFile[], read: ReadPiece) => boolean;
  /** Releases whatever keys are down, and takes no more of them until the picture is focused again. */
  leave(): void;
  focus(): void;
  /** The session is over: the last picture stays, and takes no more input. */
  freeze(): void;
  dispose(): void;
}

/** What the gateway said of the target that an engine may need. */
export interface TargetFacts {
  /** DER of the certificate that the target showed; empty where it showed none. */
  readonly certificate: Uint8Array;
}

/** Starts an engine in an element, over a session whose gateway has signed on. */
export type StartDesktopEngine = (place: HTMLElement, events: DesktopEvents, settings: DesktopSettings, target: TargetFacts) => DesktopEngine;
