import type { watchingTextsEn } from './en.ts';

/** Texts of live watch in Traditional Chinese. */
export const watchingTextsZhHant = {
  'watch.open': '監控 {user} 在 {resource} 的會話',
  'watch.actions': '操作',
  'watch.open-short': '監控',
  'watch.window-title': '正在監控 {user} · {resource} · {protocol} · MAVIS',
  'watch.mark': '即時監控中，僅供檢視',
  'watch.mark-detail': '使用者會得知會話正被監控，且會記入審計日誌。您在此輸入的內容不會送往任何地方。',
  'watch.of': '會話使用者',
  'watch.stop': '停止監控',
  'watch.screen': '{user} 在 {resource} 看到的畫面',
  'watch.left-out': '部分畫面已略過：此連線比會話慢。目前顯示的是最新畫面。',
  'watch.end': '中斷此會話',
  'watched.mark': '{count, plural, other {正被監控({count} 人)}}',
  'watched.by': '監控者：{names}',
  'watched.detail': '有權限的人正即時檢視此會話。這會記入審計日誌。',
} as const satisfies Record<keyof typeof watchingTextsEn, string>;
