/** What the main process tells the runtime about its document. */
export interface PreloadSettings {
  readonly channel: string;
  readonly port: number;
  readonly token: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly platform: string;
  readonly argv: readonly string[];
  /** Ask before the window closes, so that the application can veto a user's closing. */
  readonly askBeforeClose: boolean;
}
