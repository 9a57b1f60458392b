import type { updateTextsEn } from './en.ts';

/** The texts of updates in Traditional Chinese. */
export const updateTextsZhHant = {
  'updates.version': '已安裝版本 {version}。',
  'updates.source-service': '更新來自中央服務。',
  'updates.source-address': '更新來自貴單位設定的位址。',
  'updates.last-answer': '上次收到回應：{time}。',
  'updates.check': '立即檢查',
  'updates.download': '下載（{size}）',
  'updates.restart': '重新啟動並安裝',
  'updates.show-file': '顯示檔案',
  'updates.progress': '版本 {version} 的下載',
  'updates.notes': '版本 {version} 的新內容',
  'updates.off-managed': '此應用程式的新版本由貴單位安裝，應用程式不會自行更新。',
  'updates.off-no-keys': '此應用程式建置時未含發行者的更新金鑰，因此不接受更新。新版本以套件提供。',
  'updates.off-no-package': '此應用程式並非由可更新的套件安裝。新版本以套件提供。',
  'updates.unchecked': '尚未檢查。應用程式啟動後不久會檢查，之後每六小時檢查一次。',
  'updates.checking': '正在尋找較新的版本…',
  'updates.no-source': '請先選擇服務，更新由該處提供。',
  'updates.none-offered': '服務未提供更新。新版本由 IT 部門安裝。',
  'updates.up-to-date': '這是最新版本。',
  'updates.held-back': '版本 {version} 正在分批推出，尚未輪到這部電腦。',
  'updates.available': '有新版本 {version}。',
  'updates.downloading': '正在下載版本 {version}：{share}。',
  'updates.ready-restart': '版本 {version} 已下載並通過驗證。重新啟動應用程式時會安裝。',
  'updates.ready-by-hand': '版本 {version} 已下載為 {file} 並通過驗證。此套件由系統本身的方式安裝：請開啟檔案，或請 IT 部門安裝。',
} as const satisfies Record<keyof typeof updateTextsEn, string>;
