import { catalogue, type ErrorCode } from '../errors/catalogue.ts';
import { createTranslator, type TextLanguage, type Translator } from './translate.ts';

const LANGUAGE_NAMES: Readonly<Record<TextLanguage, string>> = { en: 'English', ja: '日本語', 'zh-Hant': '繁體中文' };

/** `docs/errors.md`: every error of the catalogue with its leg, who must act, and its texts in three languages. */
export function errorsDocument(): string {
  const english = createTranslator('en');
  const all = [english, createTranslator('ja'), createTranslator('zh-Hant')];
  return `${[
    '# Errors',
    '',
    'Everything that can go wrong, by its stable code. Each error names the leg that it speaks of (L1 client to central service,',
    'L2 client to Gateway, L3 central service to Gateway, L4 Gateway to target, or a program itself), who must act, what happened',
    'and what to do. Words in braces are filled in. This list is made from `shared/errors/catalogue.ts` and `shared/languages/`;',
    '`npx vitest run test/unit/languages -u` writes it anew.',
    '',
    '| code | HTTP | leg | who must act | another Gateway is tried |',
    '|---|---|---|---|---|',
    ...codes().map((code) => row(english, code)),
    '',
    ...codes().flatMap((code) => section(all, code)),
  ].join('\n')}`;
}

function codes(): ErrorCode[] {
  return Object.keys(catalogue).filter((code): code is ErrorCode => Object.hasOwn(catalogue, code));
}

function row(english: Translator, code: ErrorCode): string {
  const { httpStatus, leg, actor, anotherGateway } = catalogue[code];
  return `| \`${code}\` | ${httpStatus} | ${leg} | ${english.anyText(`actor.${actor}`)} | ${anotherGateway ? 'yes' : 'no'} |`;
}

function section(all: readonly Translator[], code: ErrorCode): string[] {
  const names = Object.fromEntries(catalogue[code].args.map((name) => [name, `{${name}}`]));
  const lines = all.flatMap((translator) => [
    `- **${LANGUAGE_NAMES[translator.language]}** · ${translator.anyText(`error.${code}.message`, names)}`,
    `  ${translator.anyText(`error.${code}.remedy`, names)} *(${translator.anyText(`actor.${catalogue[code].actor}`)})*`,
  ]);
  return [`## \`${code}\``, '', ...lines, ''];
}
