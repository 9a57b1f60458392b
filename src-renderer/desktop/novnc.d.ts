// What we use of noVNC 1.7.0, which brings no types of its own: https://github.com/novnc/noVNC/blob/v1.7.0/docs/API.md
declare module '@novnc/novnc' {
  /** What noVNC takes in place of a WebSocket. */
  export interface RawChannel {
    binaryType: string;
    protocol: string;
    readyState: string;
    onopen: (() => void) | null;
    onmessage: ((event: { data: ArrayBufferLike | Uint8Array }) => void) | null;
    onclose: ((event: object) => void) | null;
    onerror: ((event: object) => void) | null;
    send(bytes: Uint8Array): void;
    close(): void;
  }

  export default class RFB extends EventTarget {
    constructor(place: HTMLElement, channel: RawChannel, options?: { shared?: boolean });
    viewOnly: boolean;
    focusOnClick: boolean;
    clipViewport: boolean;
    dragViewport: boolean;
    scaleViewport: boolean;
    resizeSession: boolean;
    showDotCursor: boolean;
    background: string;
    qualityLevel: number;
    compressionLevel: number;
    sendKey(keysym: number, code: string, down?: boolean): void;
    clipboardPasteFrom(text: string): void;
    focus(options?: FocusOptions): void;
    blur(): void;
    disconnect(): void;
    /** Not of the public interface; see `novnc-internals.ts`. */
    protected _framebufferUpdate(): boolean;
    protected _resize(width: number, height: number): void;
    protected _fail(what: string): boolean;
    protected _handleServerCutText(): boolean;
    protected _handleMessage(): void;
    /** Whose keys are taken. */
    protected readonly _keyboard: { _target: EventTarget };
    /** By the encoding's number. */
    protected readonly _decoders: Readonly<Record<number, object>>;
    /** What has come and was not read yet. */
    protected readonly _sock: { rQpeekBytes(length: number): Uint8Array; rQskipBytes(length: number): void; rQlen(): number };
  }
}
