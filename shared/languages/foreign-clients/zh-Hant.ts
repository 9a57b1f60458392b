import type { foreignClientTextsEn } from './en.ts';

/** Texts of the user's own programs, in Traditional Chinese. */
export const foreignClientTextsZhHant = {
  'foreign.title': '自己的程式',
  'foreign.lead': '使用您自己的 ssh、sftp、scp、rsync 或 VNC 檢視器。其操作受相同規則約束，並與應用程式中的會話一樣留下記錄。',
  'foreign.open-ssh': '為自己的程式開啟連接埠',
  'foreign.open-vnc': '為 VNC 檢視器開啟連接埠',
  'foreign.opening': '正在開啟…',
  'foreign.by-port': '這部電腦的連接埠',
  'foreign.by-command': '命令列',
  'foreign.waiting': '正在等待程式',
  'foreign.connected': '程式已連線',
  'foreign.ended': '已結束',
  'foreign.waiting-until': '只允許一個程式連入一次。連接埠將於{when}自動關閉。',
  'foreign.connected-since': '自{when}起連線中。其他程式無法使用此連接埠。',
  'foreign.password': '一次性密碼',
  'foreign.password-hint': '僅顯示這一次，也只能使用一次。程式詢問時請輸入。',
  'foreign.password-gone': '一次性密碼只顯示一次。若需要新的密碼，請關閉連接埠後重新開啟。',
  'foreign.commands': '指令',
  'foreign.copy-password': '複製一次性密碼',
  'foreign.copy-command': '複製 {program} 的指令',
  'foreign.close': '關閉連接埠',
  'foreign.end': '結束程式的會話',
  'foreign.dismiss': '從列表移除',
  'foreign.sessions-mark': '自己的程式',
  'foreign.prompt-title': '自己的程式的登入',
} as const satisfies Record<keyof typeof foreignClientTextsEn, string>;
