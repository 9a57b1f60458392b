import type { ManagedKey } from '../../shared/managed-settings.ts';

/** The languages that the templates of Windows are made in, by the names of its folders. */
export const TEMPLATE_LANGUAGES = ['en-US', 'ja-JP', 'zh-TW'] as const;
export type TemplateLanguage = (typeof TEMPLATE_LANGUAGES)[number];

/** What an administrator reads of one setting. */
export interface SettingText {
  readonly title: string;
  readonly explanation: string;
}

/** The settings' texts in the three languages; a key without one fails the types. */
export const SETTING_TEXTS: Readonly<Record<TemplateLanguage, Readonly<Record<ManagedKey, SettingText>>>> = {
  'en-US': {
    serviceUrl: { title: 'Service address', explanation: 'The address of the central service (https) that everybody on this computer works with. The app adds it, and nobody can change or remove it.' },
    serviceName: { title: 'Service name', explanation: 'What that service is called in the app.' },
    servicePins: { title: 'Fingerprints of the service', explanation: 'Fingerprints of the service’s certificate (SHA256:…), the present one first; one a line. Without them the system’s trust decides.' },
    proxy: { title: 'Proxy', explanation: 'How the app gets out of this computer’s network: system, none, or HOST:PORT of an HTTP proxy.' },
    language: { title: 'Language', explanation: 'The language of the app: system, en, ja or zh-Hant.' },
    updates: { title: 'Updates', explanation: 'How the app updates itself: automatic (fetched by itself, installed when the user restarts or quits), ask (fetched once the user asks), or off (IT installs new versions).' },
    updateChannel: { title: 'Update channel', explanation: 'stable, or beta for versions that come earlier.' },
    updateUrl: { title: 'Update address', explanation: 'The folder of a static web server (https) that updates come from, in place of the central service. The publisher’s signature is checked in any case.' },
    disabledFeatures: { title: 'Switched-off features', explanation: 'One a line: add-services, deep-links, own-programs, agent-forwarding, x11-forwarding.' },
  },
  'ja-JP': {
    serviceUrl: { title: 'サービスのアドレス', explanation: 'このコンピューターの全員が使う中央サービスのアドレス(https)です。アプリが追加し、だれも変更や削除ができません。' },
    serviceName: { title: 'サービスの名前', explanation: 'アプリに表示されるサービスの名前です。' },
    servicePins: { title: 'サービスのフィンガープリント', explanation: 'サービスの証明書のフィンガープリント(SHA256:…)です。現在のものを先頭に、1 行に 1 つ入力します。指定しない場合は、システムの信頼に従います。' },
    proxy: { title: 'プロキシ', explanation: 'このコンピューターのネットワークから外へ出る方法です。system、none、または HTTP プロキシの HOST:PORT を指定します。' },
    language: { title: '言語', explanation: 'アプリの言語です。system、en、ja、zh-Hant のいずれかを指定します。' },
    updates: { title: '更新', explanation: 'アプリの更新方法です。automatic(自動でダウンロードし、再起動または終了時にインストール)、ask(利用者が求めたときにダウンロード)、off(IT 部門が新しいバージョンをインストール)のいずれかを指定します。' },
    updateChannel: { title: '更新チャンネル', explanation: 'stable、または早めに届く beta を指定します。' },
    updateUrl: { title: '更新のアドレス', explanation: '中央サービスの代わりに更新を取得する、静的 Web サーバーのフォルダー(https)です。発行元の署名はどの場合も確認します。' },
    disabledFeatures: { title: '無効にする機能', explanation: '1 行に 1 つ入力します:add-services、deep-links、own-programs、agent-forwarding、x11-forwarding。' },
  },
  'zh-TW': {
    serviceUrl: { title: '服務位址', explanation: '這部電腦的所有使用者使用的中央服務位址（https）。應用程式會自動加入，任何人都無法變更或移除。' },
    serviceName: { title: '服務名稱', explanation: '該服務在應用程式中的名稱。' },
    servicePins: { title: '服務的指紋', explanation: '服務憑證的指紋（SHA256:…），目前使用的放在最前面，每行一個。未設定時由系統的信任決定。' },
    proxy: { title: 'Proxy', explanation: '應用程式離開這部電腦網路的方式：system、none，或 HTTP Proxy 的 HOST:PORT。' },
    language: { title: '語言', explanation: '應用程式的語言：system、en、ja 或 zh-Hant。' },
    updates: { title: '更新', explanation: '應用程式更新自己的方式：automatic（自動下載，於使用者重新啟動或結束時安裝）、ask（使用者要求時才下載）或 off（由 IT 部門安裝新版本）。' },
    updateChannel: { title: '更新通道', explanation: 'stable，或較早取得版本的 beta。' },
    updateUrl: { title: '更新位址', explanation: '用來取代中央服務、提供更新的靜態網頁伺服器資料夾（https）。無論如何都會檢查發行者的簽章。' },
    disabledFeatures: { title: '停用的功能', explanation: '每行一個：add-services、deep-links、own-programs、agent-forwarding、x11-forwarding。' },
  },
};

/** The words around them. */
export const FRAME_TEXTS: Readonly<Record<TemplateLanguage, { readonly description: string; readonly category: string; readonly supported: string }>> = {
  'en-US': { description: 'Settings of MAVIS Desktop for all users of a computer.', category: 'MAVIS Desktop', supported: 'MAVIS Desktop 0.1 and later' },
  'ja-JP': { description: 'コンピューターの全ユーザーに適用する MAVIS Desktop の設定です。', category: 'MAVIS Desktop', supported: 'MAVIS Desktop 0.1 以降' },
  'zh-TW': { description: '套用於電腦所有使用者的 MAVIS Desktop 設定。', category: 'MAVIS Desktop', supported: 'MAVIS Desktop 0.1 以上版本' },
};
