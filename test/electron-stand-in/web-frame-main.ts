import { asElectron, Covered } from './covered.ts';
import { toElectronOrigin } from './custom-scheme.ts';
import { StandInIpc } from './ipc.ts';

/** What a frame needs of its web contents. */
export interface FrameOwner {
  readonly id: number;
  getOSProcessId(): number;
  executeJavaScript(code: string, userGesture?: boolean): Promise<unknown>;
  reload(): void;
  send(channel: string, ...messageArguments: unknown[]): void;
  postMessage(channel: string, message: unknown, transfer?: readonly Electron.MessagePortMain[]): void;
}

/** The main frame of a document. The stand-in runs preload scripts in main frames only, so there are no others. */
export class StandInFrame
  extends Covered
  implements Pick<Electron.WebFrameMain, 'url' | 'origin' | 'parent' | 'top' | 'frames' | 'framesInSubtree' | 'name' | 'processId' | 'osProcessId' | 'routingId' | 'frameTreeNodeId' | 'detached' | 'isDestroyed' | 'executeJavaScript' | 'reload' | 'send' | 'postMessage' | 'ipc'>
{
  readonly parent = null;
  readonly frames: Electron.WebFrameMain[] = [];
  readonly name = '';
  readonly processId: number;
  readonly routingId: number;
  readonly frameTreeNodeId: number;
  readonly ipc: Electron.IpcMain;
  readonly _ipc = new StandInIpc('webFrameMain.ipc');
  readonly #owner: FrameOwner;
  readonly #url: () => string;
  readonly #isGone: () => boolean;

  /** @param url the document's address as Electron would say it */
  constructor(owner: FrameOwner, url: () => string, isGone: () => boolean) {
    super('WebFrameMain', ['dom-ready']);
    this.#owner = owner;
    this.#url = url;
    this.#isGone = isGone;
    this.processId = owner.id;
    this.routingId = 1;
    this.frameTreeNodeId = owner.id;
    this.ipc = asElectron(this._ipc);
  }

  get url(): string {
    return this.#url();
  }

  get origin(): string {
    return toElectronOrigin(this.#url());
  }

  get top(): Electron.WebFrameMain {
    return asElectron(this);
  }

  get framesInSubtree(): Electron.WebFrameMain[] {
    return [this.top];
  }

  get osProcessId(): number {
    return this.#owner.getOSProcessId();
  }

  get detached(): boolean {
    return this.#isGone();
  }

  isDestroyed(): boolean {
    return this.#isGone();
  }

  executeJavaScript(code: string, userGesture?: boolean): Promise<unknown> {
    return this.#owner.executeJavaScript(code, userGesture);
  }

  reload(): boolean {
    this.#owner.reload();
    return true;
  }

  send(channel: string, ...messageArguments: unknown[]): void {
    this.#owner.send(channel, ...messageArguments);
  }

  postMessage(channel: string, message: unknown, transfer?: Electron.MessagePortMain[]): void {
    this.#owner.postMessage(channel, message, transfer);
  }
}
