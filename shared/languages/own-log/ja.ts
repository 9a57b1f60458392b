import type { ownLogTextsEn } from './en.ts';

/** The texts of the page with the app's own log in Japanese. */
export const ownLogTextsJa = {
  'own-log.title': 'このアプリのログ',
  'own-log.live': '最新を追う',
  'own-log.copy': '表示中の行をコピー',
  'own-log.folder': 'フォルダーを表示',
  'own-log.search': 'ログを検索',
  'own-log.level': 'レベル',
  'own-log.level-all': 'すべてのレベル',
  'own-log.level-problems': '警告とエラー',
  'own-log.level-errors': 'エラーのみ',
  'own-log.time-any': 'すべての時間',
  'own-log.time-quarter-hour': '過去 15 分',
  'own-log.time-hour': '過去 1 時間',
  'own-log.time-day': '過去 24 時間',
  'own-log.found': '{count, plural, other {# 行}}',
  'own-log.message': '内容',
  'own-log.is-info': '記録',
  'own-log.is-warn': '警告',
  'own-log.is-error': 'エラー',
  'own-log.empty': '一致する行はありません',
  'own-log.empty-remedy': '時間を広げるか、レベルを変えるか、語を減らしてください。',
} as const satisfies Record<keyof typeof ownLogTextsEn, string>;
