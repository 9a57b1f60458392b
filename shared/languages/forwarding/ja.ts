import type { forwardingTextsEn } from './en.ts';

/** What is let to a session's target of the user's own machine, in Japanese. */
export const forwardingTextsJa = {
  'settings.ssh': 'SSH セッション',
  'settings.forward-agent': 'SSH エージェントを転送する',
  'settings.forward-agent-hint': 'アクセスルールで許可されている場合、接続中はターゲットがあなたのエージェントに署名を要求できます。キー自体はこのコンピューターに残ります。新しいセッションから有効です',
  'settings.forward-x11': 'ターゲットのウィンドウをここに表示(X11)',
  'settings.forward-x11-off': 'オフ',
  'settings.forward-x11-restricted': '制限付き',
  'settings.forward-x11-full': 'フルアクセス',
  'settings.forward-x11-hint': 'アクセスルールで許可されている場合に限ります。制限付き:ターゲットのプログラムはほかのウィンドウを見ることも操作することもできません。フルアクセス:できます。新しいセッションから有効です',
  'forwarding.agent': 'SSH エージェント転送中',
  'forwarding.agent-counts': '{signatures, plural, =0 {署名なし} other {署名 {signatures} 回}}',
  'forwarding.agent-failed': 'SSH エージェントは転送されていません',
  'forwarding.x11': 'X11 転送中',
  'forwarding.x11-counts': '{openings, plural, =0 {使用なし} other {{openings} 回使用}}',
  'forwarding.x11-failed': 'X11 は転送されていません',
  'forwarding.details': 'ターゲットが利用できるもの',
  'forwarding.agent-detail': 'このセッションが終わるまで、ターゲットはあなたの SSH エージェントに署名を要求できます。これまでの接続は {openings} 回、署名の要求は {signatures} 回です。キーはこのコンピューターの外に出ません。',
  'forwarding.agent-advice': '毎回確認するには、「ssh-add -c」でキーを追加してください。',
  'forwarding.x11-detail': 'このセッションが終わるまで、ターゲットのプログラムはこのコンピューターにウィンドウを開けます。これまでに X サーバーへ {openings} 回接続しました。',
  'forwarding.not-recorded': 'ここを通る内容は記録されません。回数と量は監査ログに残ります。',
} as const satisfies Record<keyof typeof forwardingTextsEn, string>;
