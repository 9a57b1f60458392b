import type { updateTextsEn } from './en.ts';

/** The texts of updates in Japanese. */
export const updateTextsJa = {
  'updates.version': 'バージョン {version} がインストールされています。',
  'updates.source-service': '更新は中央サービスから届きます。',
  'updates.source-address': '更新は、組織が設定したアドレスから届きます。',
  'updates.last-answer': '最後の応答: {time}',
  'updates.check': '今すぐ確認',
  'updates.download': 'ダウンロード({size})',
  'updates.restart': '再起動してインストール',
  'updates.show-file': 'ファイルを表示',
  'updates.progress': 'バージョン {version} のダウンロード',
  'updates.notes': 'バージョン {version} の新しい点',
  'updates.off-managed': 'このアプリの新しいバージョンは組織がインストールします。アプリは自分では更新しません。',
  'updates.off-no-keys': 'このアプリは更新用の発行元の鍵なしで作られているため、更新を受け取りません。新しいバージョンはパッケージで届きます。',
  'updates.off-no-package': 'このアプリは、更新できるパッケージからインストールされていません。新しいバージョンはパッケージで届きます。',
  'updates.unchecked': 'まだ確認していません。起動してまもなく、その後は 6 時間ごとに確認します。',
  'updates.checking': '新しいバージョンを確認しています…',
  'updates.no-source': '先にサービスを選んでください。更新はそこから届きます。',
  'updates.none-offered': 'サービスは更新を提供していません。新しいバージョンは IT 部門がインストールします。',
  'updates.up-to-date': '最新のバージョンです。',
  'updates.held-back': 'バージョン {version} は段階的に配布中で、このコンピューターにはまだ届いていません。',
  'updates.available': 'バージョン {version} を利用できます。',
  'updates.downloading': 'バージョン {version} をダウンロードしています: {share}',
  'updates.ready-restart': 'バージョン {version} をダウンロードし、検証しました。アプリを再起動するとインストールされます。',
  'updates.ready-by-hand': 'バージョン {version} をダウンロードし、{file} として検証しました。このパッケージはシステムの方法でインストールします。ファイルを開くか、IT 部門に依頼してください。',
} as const satisfies Record<keyof typeof updateTextsEn, string>;
