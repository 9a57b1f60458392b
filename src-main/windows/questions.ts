import { BrowserWindow, dialog } from 'electron';
import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol } from '../../shared/ids.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';

/** More paths than that make a native dialog larger than a screen. */
const MOST_PATHS_SHOWN = 20;

interface Question {
  readonly message: string;
  readonly detail: string;
  /** The first does what is asked; the last is what closing the dialog means. */
  readonly buttons: readonly string[];
}

/** What the app asks by native dialogs, each in the language of the moment. Closing one means no. */
export class Questions {
  readonly #translator: () => Translator;
  /** The main window, where there is one: what no other window asked for is asked there. */
  readonly #main: () => BrowserWindow | undefined;

  constructor(translator: () => Translator, main: () => BrowserWindow | undefined) {
    this.#translator = translator;
    this.#main = main;
  }

  /** Whether a window whose page fell shall be loaded again. */
  reload(window: BrowserWindow): Promise<boolean> {
    const { text } = this.#translator();
    return asksFirst({ message: text('page-crashed.title'), detail: text('page-crashed.body'), buttons: [text('page-crashed.reload'), text('page-crashed.leave')] }, window);
  }

  /** Whether files from outside the granted folders may be sent. */
  upload(paths: readonly string[]): Promise<boolean> {
    const { text } = this.#translator();
    const detail = [...paths.slice(0, MOST_PATHS_SHOWN), ...(paths.length > MOST_PATHS_SHOWN ? ['…'] : [])].map(printableFileName).join('\n');
    return asksFirst({ message: text('files.upload-outside'), detail, buttons: [text('files.upload'), text('common.cancel')] });
  }

  /** What shall be done with a link that leads out of the app; its true target is shown. */
  async link({ target, host, shown }: { readonly target: string; readonly host: string; readonly shown: string | null }): Promise<'open' | 'copy' | 'cancel'> {
    const { text } = this.#translator();
    const detail = [text('terminal.link-body'), host, target, ...(shown === null ? [] : [`${text('terminal.link-text-differs')} ${shown}`])].join('\n\n');
    const response = await ask({ message: text('terminal.link-title'), detail, buttons: [text('terminal.link-open'), text('terminal.link-copy'), text('common.cancel')] });
    return (['open', 'copy'] as const)[response] ?? 'cancel';
  }

  /** Whether a link of another program may open a session (A20). */
  deepLink({ resourceName, protocol, service }: { readonly resourceName: string; readonly protocol: Protocol; readonly service: string }): Promise<boolean> {
    const { text } = this.#translator();
    return asksFirst({ message: text('deep-link.title', { name: resourceName, protocol: protocol.toUpperCase() }), detail: text('deep-link.body', { service }), buttons: [text('deep-link.connect'), text('common.cancel')] }, this.#main());
  }

  /** Whether the windows of so many sessions, open when the app was quit, shall be opened again. */
  reopen(count: number): Promise<boolean> {
    const { text } = this.#translator();
    return asksFirst({ message: text('reopen.title', { count }), detail: text('reopen.body'), buttons: [text('reopen.confirm'), text('reopen.decline')] }, this.#main());
  }

  /** Whether an update may end so many sessions. */
  restart(count: number): Promise<boolean> {
    const { text } = this.#translator();
    return asksFirst({ message: text('update-restart.title', { count }), detail: text('update-restart.body'), buttons: [text('update-restart.confirm'), text('update-restart.later')] }, this.#main());
  }

  /** Whether quitting may end so many sessions. */
  quit(count: number): Promise<boolean> {
    const { text } = this.#translator();
    return asksFirst({ message: text('quit.title'), detail: text('quit.body', { count }), buttons: [text('quit.confirm'), text('quit.stay')] });
  }

  /** Says what went wrong where no page could; settles when it was read. */
  async tell({ code, args }: MavisError): Promise<void> {
    const translator = this.#translator();
    const { message, remedy } = errorText(translator, code, args);
    await ask({ message, detail: remedy, buttons: [translator.text('common.close')] }, this.#main());
  }
}

async function asksFirst(question: Question, owner?: BrowserWindow): Promise<boolean> {
  return (await ask(question, owner)) === 0;
}

/** Gives the number of the button that was pressed. */
async function ask({ message, detail, buttons }: Question, owner?: BrowserWindow): Promise<number> {
  const last = buttons.length - 1;
  const options = { type: 'question' as const, message, detail, buttons: [...buttons], defaultId: last, cancelId: last, noLink: true };
  const parent = owner ?? BrowserWindow.getFocusedWindow();
  const { response } = parent ? await dialog.showMessageBox(parent, options) : await dialog.showMessageBox(options);
  return response;
}
