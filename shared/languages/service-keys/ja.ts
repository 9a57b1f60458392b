import type { serviceKeyTextsEn } from './en.ts';

/** The texts of the rotation of the central service's own keys in Japanese. */
export const serviceKeyTextsJa = {
  'service-keys.title': '中央サービスの鍵',
  'service-keys.stage-none': '使用中',
  'service-keys.stage-announced': '新しい鍵を通知済み',
  'service-keys.stage-switched': '新しい鍵を使用中(古い鍵もまだ有効)',
  'service-keys.unknown': '不明',
  'service-keys.told': '{total} 台中 {told} 台の Gateway が把握済み',
  'service-keys.refused': '{total} 台中 {told} 台の Gateway が古い鍵を拒否',
  'service-keys.about': 'Gateway は、この鍵で中央サービスを確かめます。証明書をプロファイルに固定しているアプリも同じです。変更するには、新しい鍵を作成し、切り替え、最後に古い鍵を拒否します。セッションはその間も続きます。',
  'service-keys.certificate': '証明書',
  'service-keys.link': 'Gateway へのリンク',
  'service-keys.present': '現在のフィンガープリント',
  'service-keys.next': '新しい鍵のフィンガープリント',
  'service-keys.former': '古い鍵のフィンガープリント',
  'service-keys.before-switch': 'Gateway が新しい鍵を把握し、アプリが一度サインインする時間をおいてから切り替えてください。それまでに把握していないアプリでは、ユーザーがフィンガープリントを比べる必要があります。まだ把握していない Gateway には、引き続き古い鍵で接続します。',
  'service-keys.before-finish': 'すべての Gateway が新しい鍵を把握したら、古い鍵を拒否してください。古い鍵の写しを持つ者がいても、以後は使えません。',
  'service-keys.behind': '未完了:',
  'service-keys.rotate': '新しい鍵を作成',
  'service-keys.switch': '新しい鍵に切り替え',
  'service-keys.finish': '古い鍵を拒否',
  'service-keys.force': 'これらの Gateway を待たない。各 Gateway には構成ファイルをもう一度渡す必要があります',
  'service-keys.working': 'お待ちください…',
  'service-keys.finished': '最終変更 {when}',
  'service-keys.read-only': '鍵を変更できるのは管理者です。ここでは状態だけを表示しています。',
} as const satisfies Record<keyof typeof serviceKeyTextsEn, string>;
