import type { ownLogTextsEn } from './en.ts';

/** The texts of the page with the app's own log in Traditional Chinese. */
export const ownLogTextsZhHant = {
  'own-log.title': '此應用程式的日誌',
  'own-log.live': '即時跟隨',
  'own-log.copy': '複製顯示的內容',
  'own-log.folder': '顯示資料夾',
  'own-log.search': '搜尋日誌',
  'own-log.level': '層級',
  'own-log.level-all': '所有層級',
  'own-log.level-problems': '警告與錯誤',
  'own-log.level-errors': '僅錯誤',
  'own-log.time-any': '任何時間',
  'own-log.time-quarter-hour': '最近 15 分鐘',
  'own-log.time-hour': '最近 1 小時',
  'own-log.time-day': '最近 24 小時',
  'own-log.found': '{count, plural, other {# 行}}',
  'own-log.message': '內容',
  'own-log.is-info': '記錄',
  'own-log.is-warn': '警告',
  'own-log.is-error': '錯誤',
  'own-log.empty': '沒有符合的行',
  'own-log.empty-remedy': '請選擇較長的時間、其他層級，或減少字詞。',
} as const satisfies Record<keyof typeof ownLogTextsEn, string>;
