import type { forwardingTextsEn } from './en.ts';

/** What is let to a session's target of the user's own machine, in Traditional Chinese. */
export const forwardingTextsZhHant = {
  'settings.ssh': 'SSH 會話',
  'settings.forward-agent': '轉送我的 SSH 代理程式',
  'settings.forward-agent-hint': '存取規則允許時，目標在連線期間可要求您的代理程式以您的金鑰簽署。金鑰本身留在這台電腦上。僅對新的會話生效',
  'settings.forward-x11': '在此顯示目標的視窗（X11）',
  'settings.forward-x11-off': '關閉',
  'settings.forward-x11-restricted': '受限',
  'settings.forward-x11-full': '完整存取',
  'settings.forward-x11-hint': '僅在存取規則允許時。受限：目標上的程式無法看到或操作您的其他視窗。完整存取：可以。僅對新的會話生效',
  'forwarding.agent': '已轉送 SSH 代理程式',
  'forwarding.agent-counts': '{signatures, plural, =0 {沒有簽署} other {簽署 {signatures} 次}}',
  'forwarding.agent-failed': '未轉送 SSH 代理程式',
  'forwarding.x11': '已轉送 X11',
  'forwarding.x11-counts': '{openings, plural, =0 {未使用} other {已使用 {openings} 次}}',
  'forwarding.x11-failed': '未轉送 X11',
  'forwarding.details': '目標可以使用的項目',
  'forwarding.agent-detail': '在此會話結束之前，目標可要求您的 SSH 代理程式簽署。目前已連線 {openings} 次，要求簽署 {signatures} 次。您的金鑰不會離開這台電腦。',
  'forwarding.agent-advice': '若要每次都先詢問您，請以「ssh-add -c」加入金鑰。',
  'forwarding.x11-detail': '在此會話結束之前，目標上的程式可在這台電腦上開啟視窗。目前已連到您的 X 伺服器 {openings} 次。',
  'forwarding.not-recorded': '此處傳送的內容不會被記錄；審計日誌會保留次數與數量。',
} as const satisfies Record<keyof typeof forwardingTextsEn, string>;
