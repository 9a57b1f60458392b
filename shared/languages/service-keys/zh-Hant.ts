import type { serviceKeyTextsEn } from './en.ts';

/** The texts of the rotation of the central service's own keys in Traditional Chinese. */
export const serviceKeyTextsZhHant = {
  'service-keys.title': '中央服務的金鑰',
  'service-keys.stage-none': '使用中',
  'service-keys.stage-announced': '已通告新金鑰',
  'service-keys.stage-switched': '使用新金鑰，舊金鑰仍有效',
  'service-keys.unknown': '不明',
  'service-keys.told': '{total} 台 Gateway 中有 {told} 台已得知',
  'service-keys.refused': '{total} 台 Gateway 中有 {told} 台拒絕舊金鑰',
  'service-keys.about': 'Gateway 以這把金鑰辨認中央服務，設定檔中固定其憑證的應用程式也是如此。更換步驟：產生新金鑰、切換，最後拒絕舊金鑰。會話持續進行，不受影響。',
  'service-keys.certificate': '憑證',
  'service-keys.link': '到 Gateway 的連結',
  'service-keys.present': '目前的指紋',
  'service-keys.next': '新金鑰的指紋',
  'service-keys.former': '舊金鑰的指紋',
  'service-keys.before-switch': '請等 Gateway 得知新金鑰，並讓應用程式有時間登入一次之後再切換：屆時仍未得知的應用程式會請使用者比對指紋。尚未得知的 Gateway 仍以舊金鑰連線。',
  'service-keys.before-finish': '所有 Gateway 都得知新金鑰後，請拒絕舊金鑰。之後持有舊金鑰副本的人便無法再使用它。',
  'service-keys.behind': '尚未完成：',
  'service-keys.rotate': '產生新金鑰',
  'service-keys.switch': '切換到新金鑰',
  'service-keys.finish': '拒絕舊金鑰',
  'service-keys.force': '不等這些 Gateway：之後每一台都需要重新取得設定檔',
  'service-keys.working': '請稍候…',
  'service-keys.finished': '上次變更於 {when}',
  'service-keys.read-only': '只有管理員可以更換金鑰；您看到的是目前的狀態。',
} as const satisfies Record<keyof typeof serviceKeyTextsEn, string>;
