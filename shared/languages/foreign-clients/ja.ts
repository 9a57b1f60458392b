import type { foreignClientTextsEn } from './en.ts';

/** Texts of the user's own programs, in Japanese. */
export const foreignClientTextsJa = {
  'foreign.title': '手持ちのプログラム',
  'foreign.lead': '手持ちの ssh、sftp、scp、rsync や VNC ビューアーを使えます。アプリのセッションと同じルールが適用され、同じように記録されます。',
  'foreign.open-ssh': '手持ちのプログラム用にポートを開く',
  'foreign.open-vnc': 'VNC ビューアー用にポートを開く',
  'foreign.opening': '開いています…',
  'foreign.by-port': 'このコンピューターのポート',
  'foreign.by-command': 'コマンドライン',
  'foreign.waiting': 'プログラムを待っています',
  'foreign.connected': 'プログラムが接続中です',
  'foreign.ended': '終了しました',
  'foreign.waiting-until': '接続できるプログラムは 1 つ、1 回だけです。ポートは{when}に自動的に閉じます。',
  'foreign.connected-since': '{when}から接続中です。ほかのプログラムはこのポートに接続できません。',
  'foreign.password': 'ワンタイムパスワード',
  'foreign.password-hint': '表示は今回だけで、使えるのも 1 回だけです。プログラムに尋ねられたら入力してください。',
  'foreign.password-gone': 'ワンタイムパスワードは一度だけ表示されました。新しいパスワードが必要な場合は、ポートを閉じて開き直してください。',
  'foreign.commands': 'コマンド',
  'foreign.copy-password': 'ワンタイムパスワードをコピー',
  'foreign.copy-command': '{program} のコマンドをコピー',
  'foreign.close': 'ポートを閉じる',
  'foreign.end': 'プログラムのセッションを終了',
  'foreign.dismiss': 'リストから削除',
  'foreign.sessions-mark': '手持ちのプログラム',
  'foreign.prompt-title': '手持ちのプログラムのサインオン',
} as const satisfies Record<keyof typeof foreignClientTextsEn, string>;
