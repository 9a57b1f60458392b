import { IntlMessageFormat } from 'intl-messageformat';
import type { ErrorMessageKey } from './error-keys.ts';
import { en, type MessageKey } from './en.ts';
import { ja } from './ja.ts';
import { zhHant } from './zh-Hant.ts';

/** The languages that every text is in, by their BCP 47 tags. */
export type TextLanguage = 'en' | 'ja' | 'zh-Hant';

/** Every text in every language. */
export const messages = { en, ja, 'zh-Hant': zhHant } as const satisfies Record<TextLanguage, Record<MessageKey, string>>;

export type MessageArgs = Readonly<Record<string, string | number>>;

/** The names of a message's arguments, read from the English text: what stands between `{` and the next `,` or `}`, where it is one word. */
type ArgumentNames<Text extends string> = Text extends `${string}{${infer Inner}}${infer Rest}` ? NameOf<Inner> | ArgumentNames<Rest> : never;
type NameOf<Inner extends string> = Inner extends `${infer Name},${string}` ? OneWord<Name> : OneWord<Inner>;
type OneWord<Name extends string> = Name extends '' | `${string} ${string}` | `#${string}` | `${string}{${string}` ? never : Name;

/** Keys of texts for pages; errors are worded by `errorText`, which knows their arguments. */
export type InterfaceKey = Exclude<MessageKey, ErrorMessageKey>;
/** What must be given with a key: nothing, or exactly the arguments of its text. */
export type ArgumentsOf<Key extends InterfaceKey> = [ArgumentNames<(typeof en)[Key]>] extends [never] ? [] : [Readonly<Record<ArgumentNames<(typeof en)[Key]>, string | number>>];

/** Words texts in one language; each text is parsed once. */
export interface Translator {
  readonly language: TextLanguage;
  /** The text of a key; a missing argument does not compile. */
  readonly text: <Key extends InterfaceKey>(key: Key, ...args: ArgumentsOf<Key>) => string;
  /** The text of any key, for keys that are only known when running; throws where an argument is missing. */
  readonly anyText: (key: MessageKey, args?: MessageArgs) => string;
}

/** A translator that keeps the parsed texts for as long as it is kept itself. */
export function createTranslator(language: TextLanguage): Translator {
  const parsed = new Map<MessageKey, IntlMessageFormat>();
  const anyText = (key: MessageKey, args: MessageArgs = {}): string => {
    let message = parsed.get(key);
    if (message === undefined) {
      message = parse(language, key);
      parsed.set(key, message);
    }
    return format(message, args);
  };
  return { language, anyText, text: (key, ...args) => anyText(key, args[0] ?? {}) };
}

/** One text in one language, for programs that word few; throws where an argument is missing. */
export function translate(language: TextLanguage, key: MessageKey, args: MessageArgs = {}): string {
  return format(parse(language, key), args);
}

function parse(language: TextLanguage, key: MessageKey): IntlMessageFormat {
  return new IntlMessageFormat(messages[language][key], language, undefined, { ignoreTag: true });
}

function format(message: IntlMessageFormat, args: MessageArgs): string {
  // What is formatted with words and numbers alone is one text; an array would mean rich parts, of which there are none.
  const formatted: unknown = message.format(args);
  return Array.isArray(formatted) ? formatted.join('') : String(formatted);
}

/** The language for a setting: itself, or for `system` the one nearest to the system's own (a BCP 47 tag). */
export function textLanguage(setting: TextLanguage | 'system', systemLanguage: string): TextLanguage {
  if (setting !== 'system') return setting;
  const primary = systemLanguage.toLowerCase().split('-')[0];
  if (primary === 'ja') return 'ja';
  return primary === 'zh' ? 'zh-Hant' : 'en';
}
