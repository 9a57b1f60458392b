import { catalogue, isErrorCode, type ErrorCode } from '../../../shared/errors/catalogue.ts';
import { findingRules } from '../../../shared/diagnostics/findings/find-findings.ts';
import { doctorCauses, doctorFinding, isDoctorCause } from '../../../shared/diagnostics/doctor/doctor-findings.ts';
import { findingText, isOwnFinding } from '../../../shared/diagnostics/finding-text.ts';
import { portCommands } from '../../../shared/diagnostics/port-commands.ts';
import type { FindingRule } from '../../../shared/diagnostics/findings/finding-rule.ts';
import { createTranslator, type TextLanguage, type Translator } from '../../../shared/languages/translate.ts';

/** The ports of a gateway by default (S60, S61). */
const DEFAULT_PORTS = [443, 7993, 7994, 7995] as const;

/** Every name that a text of diagnostics takes, as it is shown in a list: in braces. */
const ARGUMENTS = ['address', 'code', 'count', 'date', 'down', 'expected', 'field', 'fingerprint', 'from', 'gateway', 'gateways', 'host', 'installed', 'issuer', 'least', 'megabytes', 'milliseconds', 'minutes', 'name', 'offered', 'path', 'ports', 'process', 'protocol', 'proxy', 'scheme', 'seconds', 'seen', 'segment', 'status', 'through', 'to', 'up', 'version'] as const;
const named = Object.fromEntries(ARGUMENTS.map((name) => [name, `{${name}}`]));

/** Families of the catalogue in which a finding's code lies where it is only known from what was found, by the rule that says it. */
const families: Readonly<Record<string, readonly string[]>> = {
  proxy: ['proxy'],
  'service-says': ['service', 'sign-in', 'session', 'access'],
  'sign-in': ['sign-in', 'session'],
  choice: ['access', 'resource', 'gateway', 'tunnel'],
  grant: ['gateway', 'tunnel'],
  target: ['target'],
  'sign-on': ['target'],
};
const listed = new Set(Object.values(families).flat());

const WORDS = {
  en: { code: 'code', cause: 'what it says', who: 'who must act', remedy: 'what to do' },
  ja: { code: 'コード', cause: '表示される内容', who: '対応する人', remedy: '対処' },
  'zh-Hant': { code: '代碼', cause: '顯示的內容', who: '處理者', remedy: '處理方式' },
} as const satisfies Record<TextLanguage, Record<string, string>>;

/** The codes of the catalogue that diagnostics can show. */
const familyCodes: readonly ErrorCode[] = Object.keys(catalogue).filter((code): code is ErrorCode => isErrorCode(code) && listed.has(code.split('.', 1)[0] ?? ''));

/** Rules of diagnostics that neither have a text, nor a code of the listed families: there must be none. */
export const unexplained: readonly string[] = findingRules.map(({ code }) => code).filter((code) => !isOwnFinding(code) && !familyCodes.some((listedCode) => listedCode === code) && !Object.hasOwn(families, code));

/** The generated sections of the guides, by the name in their markers. */
export function generatedSections(language: TextLanguage): Readonly<Record<string, () => string>> {
  const translator = createTranslator(language);
  return {
    'port-commands': () => portCommands(DEFAULT_PORTS).map(({ name, lines }) => [`### ${name}`, '', '```', ...lines, '```'].join('\n')).join('\n\n'),
    'findings-device': () => findingTable(translator, ({ leg }) => leg === 'client'),
    'findings-service': () => findingTable(translator, ({ leg }) => leg === 'L1' || leg === 'service'),
    'findings-gateway': () => findingTable(translator, ({ leg }) => leg === 'L2' || leg === 'gateway'),
    'findings-link': () => findingTable(translator, ({ leg }) => leg === 'L3'),
    'findings-server': () => serverTable(translator),
    'findings-other': () => table(translator, [row(translator, 'newer-code', { leg: 'L1', actor: 'your-it' })]),
    'findings-catalogue': () => table(translator, familyCodes.map((code) => row(translator, code, catalogue[code]))),
  };
}

function findingTable(translator: Translator, picked: (rule: FindingRule) => boolean): string {
  return table(translator, findingRules.filter((rule) => isOwnFinding(rule.code) && picked(rule)).map((rule) => row(translator, rule.code, rule)));
}

/** The servers' own causes: whose program it is acts. */
function serverTable(translator: Translator): string {
  return table(translator, Object.keys(doctorCauses).filter(isDoctorCause).map((code) => row(translator, code, doctorFinding(/^server-(?:no-link|journal)/.test(code) ? 'mavis-gateway' : 'mavis-service', code, ''))));
}

function row(translator: Translator, code: string, { leg, actor }: Pick<FindingRule, 'leg' | 'actor'>): string {
  const { cause, remedy, actorName } = findingText(translator, { code, leg, actor, args: named, ports: [], evidence: [] });
  return `| \`${code}\` | ${cause} | ${actorName} | ${remedy} |`;
}

function table({ language }: Translator, rows: readonly string[]): string {
  const { code, cause, who, remedy } = WORDS[language];
  return [`| ${code} | ${cause} | ${who} | ${remedy} |`, '|---|---|---|---|', ...rows].join('\n');
}

/** A document with what stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->` made anew. Throws for a name that there is not. */
export function withGeneratedSections(text: string, language: TextLanguage): string {
  const sections = generatedSections(language);
  return text.replaceAll(/(<!-- generated: ([a-z-]+) -->\n)[\s\S]*?(<!-- end of \2 -->)/g, (_, begin: string, name: string, end: string) => {
    const section = sections[name];
    if (section === undefined) throw new Error(`no section is called ${name}`);
    return `${begin}\n${section()}\n\n${end}`;
  });
}
