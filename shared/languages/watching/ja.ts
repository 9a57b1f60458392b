import type { watchingTextsEn } from './en.ts';

/** Texts of live watch in Japanese. */
export const watchingTextsJa = {
  'watch.open': '{resource} での {user} のセッションを監視',
  'watch.actions': '操作',
  'watch.open-short': '監視',
  'watch.window-title': '{user} を監視中 · {resource} · {protocol} · MAVIS',
  'watch.mark': 'リアルタイムで監視中(閲覧のみ)',
  'watch.mark-detail': '監視されていることはユーザーに通知され、監査ログに残ります。ここでの入力はどこにも送られません。',
  'watch.of': 'セッションのユーザー',
  'watch.stop': '監視を終了',
  'watch.screen': '{resource} で {user} に表示されている内容',
  'watch.left-out': '一部を表示できませんでした:この接続はセッションより低速です。現在の表示は最新です。',
  'watch.end': 'このセッションを切断',
  'watched.mark': '{count, plural, other {監視されています({count} 人)}}',
  'watched.by': '監視者:{names}',
  'watched.detail': '権限のある人がこのセッションをリアルタイムで見ています。これは監査ログに残ります。',
} as const satisfies Record<keyof typeof watchingTextsEn, string>;
