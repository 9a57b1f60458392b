import { parse, TYPE, type MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../shared/errors/catalogue.ts';
import { isErrorCode } from '../../../shared/errors/catalogue.ts';
import { en, type MessageKey } from '../../../shared/languages/en.ts';
import { errorText } from '../../../shared/languages/error-text.ts';
import { createTranslator, messages, textLanguage, translate, type TextLanguage } from '../../../shared/languages/translate.ts';

const languages = ['en', 'ja', 'zh-Hant'] as const satisfies readonly TextLanguage[];
const keys = Object.keys(en).filter((key): key is MessageKey => Object.hasOwn(en, key));

/** Names of the arguments of a text, in all its branches. */
function argumentsOf(elements: readonly MessageFormatElement[]): Set<string> {
  const names = new Set<string>();
  for (const element of elements) {
    if (element.type === TYPE.literal || element.type === TYPE.pound) continue;
    names.add(element.value);
    if (element.type === TYPE.plural || element.type === TYPE.select) {
      for (const option of Object.values(element.options)) for (const name of argumentsOf(option.value)) names.add(name);
    }
  }
  return names;
}

const argumentNames = (language: TextLanguage, key: MessageKey) => [...argumentsOf(parse(messages[language][key], { ignoreTag: true }))].toSorted();

describe('the three languages', () => {
  test.each(languages)('%s has every key, no other key, and no empty text', (language) => {
    expect(Object.keys(messages[language]).toSorted()).toEqual(keys.toSorted());
    expect(keys.filter((key) => messages[language][key].trim() === '')).toEqual([]);
  });

  test('Chinese is punctuated in full width', () => {
    const halfWidth = /(?<=[\p{Script=Han}」』）}])[,;?](?=[\p{Script=Han}「『（{])/u;
    expect(keys.filter((key) => halfWidth.test(messages['zh-Hant'][key]))).toEqual([]);
  });

  test('every code of the catalogue has a message and a remedy, and no text speaks of a code that is not in it', () => {
    const expected = Object.keys(catalogue).flatMap((code) => [`error.${code}.message`, `error.${code}.remedy`]);
    expect(keys.filter((key) => key.startsWith('error.')).toSorted()).toEqual(expected.toSorted());
  });

  test.each(['ja', 'zh-Hant'] as const)('%s takes the same arguments as English in every text', (language) => {
    expect(keys.filter((key) => argumentNames(language, key).join() !== argumentNames('en', key).join())).toEqual([]);
  });

  test.each(languages)('in %s the message and remedy of an error take exactly the arguments that the catalogue names', (language) => {
    const wrong = Object.entries(catalogue).filter(([code, { args }]) => {
      if (!isErrorCode(code)) return true;
      const used = new Set([...argumentNames(language, `error.${code}.message`), ...argumentNames(language, `error.${code}.remedy`)]);
      return [...used].toSorted().join() !== [...args].toSorted().join();
    });
    expect(wrong).toEqual([]);
  });

  /** Words that stay in Latin letters in every language: names of products, protocols, keys, and what people type. */
  const latin = new Set(
    'MAVIS Desktop Gateway Tunnel IT kB kbit s TCP TLS service VncAuth VeNCrypt X509Vnc X509Plain VPN NTP Caps Lock https asciicast mavis gateway key SSH SFTP VNC RDP Linux Windows macOS Unix tag os linux test L1 L2 L3 L4 rotate recordingBytesAtMost curve25519 aes128 gcm keyring Solarized Dark px Space Enter Esc F Home End I connection failed Ctrl Shift M office1 status HTTP HTTPS CONNECT Basic proxy example com CSV JSON Lines X X11 AUTH SOCK DISPLAY SECURITY AllowAgentForwarding X11Forwarding PermitTTY root dev pts gid mode ptmxmode ssh sftp scp rsync OpenSSH ID add c gw init AWS GCP A TLS srv data in MB WebM SHA ss ltnp CAP NET BIND SERVICE systemctl start journal chmod go chown'.split(' '),
  );
  const ownWords = (text: string) => text.replaceAll(/\{[^{}]*\}/g, ' ').match(/[A-Za-z][A-Za-z0-9]*/g) ?? [];
  const icuWords = new Set(['plural', 'select', 'other', 'one', 'any', 'seconds', 'minutes', 'count', 'characters', 'segment', 'total', 'down', 'lines', 'frames', 'bytes', 'entries', 'heads', 'open', 'changes', 'file', 'size', 'when', 'example', 'signatures', 'openings', 'sessions', 'gateways', 'resources', 'changed']);

  test.each(['ja', 'zh-Hant'] as const)('%s holds no English that was left untranslated', (language) => {
    const left = keys.flatMap((key) => ownWords(messages[language][key]).filter((word) => !latin.has(word) && !icuWords.has(word)).map((word) => `${key}: ${word}`));
    expect(left).toEqual([]);
  });

  test.each(['ja', 'zh-Hant'] as const)('%s is worded, not copied: only names are the same as in English', (language) => {
    const same = keys.filter((key) => messages[language][key] === en[key]);
    const names = /^(protocol\.|operating-system\.|app\.title$|session\.window-title$|session\.map-gateway$|common\.gateway$|audit\.actor-gateway$|settings\.terminal-theme-solarized-dark$|leg\.gateway$|gateways\.history-share$|resources\.column-availability$)/;
    expect(same.filter((key) => !names.test(key))).toEqual([]);
  });

  test('“Gateway” stays in Latin letters wherever English has it', () => {
    const lost = keys.filter((key) => en[key].includes('Gateway') && (!messages.ja[key].includes('Gateway') || !messages['zh-Hant'][key].includes('Gateway')));
    expect(lost).toEqual([]);
  });
});

describe('wording', () => {
  test('a translator words plurals and arguments', () => {
    expect(createTranslator('en').text('resources.count', { total: 1 })).toBe('1 resource');
    expect(createTranslator('en').text('resources.count', { total: 100_000 })).toBe('100,000 resources');
    expect(translate('ja', 'resources.count', { total: 3 })).toBe('リソース 3 件');
  });

  test('every error is worded in every language even where no argument came', () => {
    for (const language of languages) {
      const translator = createTranslator(language);
      for (const code of Object.keys(catalogue)) {
        const { message, remedy, actorName, legName } = errorText(translator, code, {});
        for (const text of [message, remedy, actorName, legName]) expect(text, `${language} ${code}`).not.toMatch(/\{|\}|undefined|NaN|\[object/);
      }
    }
  });

  test('S17: no available Gateway is worded for a segment and for untagged resources', () => {
    const translator = createTranslator('en');
    expect(errorText(translator, 'gateway.none-available', { segment: 'gateway-aws' }).message).toBe('No Gateway of the segment “gateway-aws” is available now.');
    expect(errorText(translator, 'gateway.none-available', { segment: '' }).message).toBe('No Gateway is available now.');
  });

  test('a code that this version does not know shows as internal, and arguments of a peer are bounded', () => {
    const translator = createTranslator('en');
    expect(errorText(translator, 'quantum.flux', {}).code).toBe('internal');
    expect(errorText(translator, 'service.unreachable', { address: 'x'.repeat(100_000) }).message.length).toBeLessThan(500);
  });

  test('braces and tags in an argument stay text', () => {
    expect(errorText(createTranslator('en'), 'service.unreachable', { address: '{x} <b>' }).message).toContain('{x} <b>');
  });

  test('the system’s language chooses the nearest of the three', () => {
    expect(['ja-JP', 'zh-TW', 'zh-Hant-HK', 'en-GB', 'de', ''].map((tag) => textLanguage('system', tag))).toEqual(['ja', 'zh-Hant', 'zh-Hant', 'en', 'en', 'en']);
    expect(textLanguage('ja', 'en-US')).toBe('ja');
  });
});
