import { gatewayState } from '../api/gateways.ts';
import type { Translator } from '../languages/translate.ts';
import type { CheckResult } from './check-result.ts';
import type { DiagnosisRun } from './diagnosis-run.ts';
import { type FactLine, factLines } from './fact-lines.ts';
import { findingText } from './finding-text.ts';
import { lineWords } from './line-words.ts';
import { portCommands } from './port-commands.ts';
import type { Redaction } from './redaction.ts';
import type { Change, SinceWorked } from './run-history.ts';

/** What is handed over: HTML for people, JSON for tools, plain text for a message. All say the same. */
export interface Report {
  readonly html: string;
  readonly json: string;
  readonly text: string;
}

export interface ReportParts {
  readonly run: DiagnosisRun;
  /** What changed since it last worked; null where that is not known, or nothing is wrong. */
  readonly since: SinceWorked | null;
  readonly translator: Translator;
  readonly redaction: Redaction;
  /** Lines of the app's own log, of the last hour. */
  readonly log: readonly string[];
  readonly when: (instant: string) => string;
}

/** Makes a report of a run. Everything in it has gone through the redaction; nothing in it is a link or a script. */
export function makeReport({ run, since, translator, redaction, log, when }: ReportParts): Report {
  const clean = redaction.value(run);
  const lines = log.map((line) => redaction.text(line));
  const changed = redaction.value(since);
  const words = wordsOf(clean, changed, translator, when);
  return { json: `${JSON.stringify({ kind: 'mavis-diagnosis', version: 1, run: clean, since: changed, log: lines }, undefined, 2)}\n`, html: asHtml(words, lines, translator), text: asText(words, translator) };
}

interface Words {
  readonly title: string;
  readonly made: string;
  readonly findings: readonly { readonly cause: string; readonly remedy: string; readonly who: string; readonly where: string; readonly commands: ReturnType<typeof portCommands> }[];
  /** What changed since it last worked: its heading, and a line for each. */
  readonly since: { readonly title: string; readonly lines: readonly string[] } | null;
  readonly rows: readonly { readonly check: string; readonly subject: string; readonly state: string; readonly facts: readonly FactLine[]; readonly result: CheckResult }[];
}

function wordsOf(run: DiagnosisRun, since: SinceWorked | null, translator: Translator, when: ReportParts['when']): Words {
  const { text } = translator;
  return {
    title: run.service === null ? text('diagnostics.title') : `${text('diagnostics.title')}: ${run.service}`,
    made: text('diagnostics.report-made', { when: when(run.startedAt), version: run.clientVersion, platform: run.platform }),
    findings: run.findings.map((finding) => {
      const { cause, remedy, actorName, legName } = findingText(translator, finding);
      return { cause, remedy, who: actorName, where: legName, commands: portCommands(finding.ports) };
    }),
    since: since === null ? null : { title: text('diagnostics.since', { when: when(since.at) }), lines: since.changes.length === 0 ? [text('diagnostics.since-nothing')] : since.changes.map((one) => changeText(one, translator)) },
    rows: run.results.map((result) => ({ check: text(`diagnostics.check-${result.check}`), subject: subjectName(result, translator), state: stateText(result, translator), facts: factLines(result, translator, when), result })),
  };
}

/** What one check says otherwise, as a line: `office1 · Port 7993: good (open) → failed (refused)`. */
export function changeText(change: Change, translator: Translator): string {
  return `${subjectName(change, translator)} · ${checkAndPort(change, translator)}: ${sideText(change, 'before', translator)} → ${sideText(change, 'now', translator)}`;
}

/** A check's name; ports are told apart by their number, which is the last word of the id. */
export function checkAndPort({ check, id }: Pick<CheckResult, 'check' | 'id'>, { text }: Translator): string {
  const port = check === 'port' ? / (\d+)$/.exec(id)?.[1] : undefined;
  return port === undefined ? text(`diagnostics.check-${check}`) : text('diagnostics.column-port', { port });
}

/** How a check stood then or now, with the few words of what it saw. */
export function sideText(change: Change, when: 'before' | 'now', translator: Translator): string {
  const side = change[when];
  const { text } = translator;
  if (side === null) return text('diagnostics.since-not-looked');
  const seen = side.state === 'not-run' ? '' : seenText(change, side.seen, translator);
  return seen === '' ? text(`diagnostics.state-${side.state}`) : `${text(`diagnostics.state-${side.state}`)} (${seen})`;
}

/** Words of a port's outcome as pages show them; what is not among them (a fingerprint) stands as it is. */
const PORT_WORDS = {
  open: 'diagnostics.tcp-open', refused: 'diagnostics.tcp-refused', dropped: 'diagnostics.tcp-dropped', reset: 'diagnostics.tcp-reset', unreachable: 'diagnostics.tcp-unreachable', 'no-address': 'diagnostics.tcp-no-address',
  pin: 'diagnostics.tls-wrong-key', issuer: 'diagnostics.tls-untrusted', expired: 'diagnostics.tls-untrusted', 'not-yet-valid': 'diagnostics.tls-untrusted', name: 'diagnostics.tls-untrusted',
  silent: 'diagnostics.tls-silent', closed: 'diagnostics.tls-other', 'not-tls': 'diagnostics.tls-other', old: 'diagnostics.tls-other', failed: 'diagnostics.tls-other',
} as const;
const UNSAID: ReadonlySet<string> = new Set(['good', 'not-checked']);

/** What a check saw, in words; what has none (an address, a code, a version) stands as it is. */
function seenText(change: Change, seen: string, translator: Translator): string {
  switch (change.check) {
    case 'port':
      return portSeen(seen, otherKey(change), translator);
    case 'sync':
      return seen.split(' · ').map((word) => stateName(word, translator)).join(' · ');
    case 'events':
    case 'sign-in':
      // The state says it, unless a code says why.
      return seen.includes('.') ? seen : '';
    default:
      return seen;
  }
}

function stateName(word: string, { text }: Translator): string {
  const state = gatewayState.safeParse(word);
  return state.success ? text(`gateway-state.${state.data}`) : word;
}

/** Whether a port showed another key than it did: only then does a fingerprint say anything. */
function otherKey({ before, now }: Change): boolean {
  const [was, is] = [before, now].map((side) => /SHA256:\S+/.exec(side?.seen ?? '')?.[0]);
  return was !== undefined && is !== undefined && was !== is;
}

function portSeen(seen: string, withKey: boolean, { text }: Translator): string {
  const isWord = (word: string): word is keyof typeof PORT_WORDS => Object.hasOwn(PORT_WORDS, word);
  return seen.split(' · ').filter((word) => word !== '' && !UNSAID.has(word) && (withKey || !word.startsWith('SHA256:'))).map((word) => (isWord(word) ? text(PORT_WORDS[word]) : word)).join(' · ');
}

/** What a result speaks of, in words. */
export function subjectName({ subject }: Pick<CheckResult, 'subject'>, { text }: Translator): string {
  if (subject.kind === 'device') return text('diagnostics.leg-client');
  return subject.kind === 'service' ? text('leg.service') : subject.name;
}

/** How a result came out, in one word with the numbers of a line or, where it could not be run, a sentence. */
export function stateText({ outcome }: Pick<CheckResult, 'outcome'>, translator: Translator): string {
  const { text } = translator;
  const numbers = lineWords({ outcome }, translator);
  return outcome.status === 'found' ? `${text(`diagnostics.state-${outcome.verdict}`)}${numbers === '' ? '' : ` (${numbers})`}` : `${text('diagnostics.state-not-run')}: ${text(`diagnostics.reason-${outcome.reason}`)}`;
}

function asText({ title, made, findings, since, rows }: Words, { text }: Translator): string {
  const found = findings.length === 0 ? [text('diagnostics.report-nothing')] : findings.flatMap(({ cause, remedy, who, where }, index) => [`${index + 1}. ${cause}`, `   ${text('diagnostics.where')}: ${where}`, `   ${text('common.who-acts')}: ${who}`, `   ${text('common.what-to-do')}: ${remedy}`]);
  return [title, made, '', ...found, '', ...(since === null ? [] : [since.title, ...since.lines, '']), ...rows.flatMap(({ check, subject, state, facts, result }) => [`${subject} · ${check}${portOf(result)}: ${state}`, ...facts.map(({ name, value }) => `   ${name}: ${value}`)]), ''].join('\n');
}

/** The port of a port's result, which alone tells its rows apart. */
export function portOf({ outcome }: Pick<CheckResult, 'outcome'>): string {
  return outcome.status === 'found' && outcome.facts.check === 'port' ? ` ${outcome.facts.port}` : '';
}

const STYLE = 'body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #d8dee4;vertical-align:top}pre{background:#f3f5f7;padding:.6rem;overflow:auto;font-size:13px}li{margin-bottom:1rem}';

function asHtml({ title, made, findings, since, rows }: Words, log: readonly string[], { text, language }: Translator): string {
  const found = findings.length === 0 ? `<p>${safe(text('diagnostics.report-nothing'))}</p>` : `<ol>${findings.map(({ cause, remedy, who, where, commands }) => `<li><strong>${safe(cause)}</strong><br>${safe(text('diagnostics.where'))}: ${safe(where)}<br>${safe(text('common.who-acts'))}: ${safe(who)}<br>${safe(text('common.what-to-do'))}: ${safe(remedy)}${commands.map(({ name, lines }) => `<h3>${safe(name)}</h3><pre>${safe(lines.join('\n'))}</pre>`).join('')}</li>`).join('')}</ol>`;
  const table = rows.map(({ check, subject, state, facts, result }) => `<tr><td>${safe(subject)}</td><td>${safe(`${check}${portOf(result)}`)}</td><td>${[state, ...facts.map(({ name, value }) => `${name}: ${value}`)].map(safe).join('<br>')}</td><td>${result.tried.map(({ at, action, to, outcome, milliseconds }) => safe(`${at} ${text(`diagnostics.action-${action}`)} ${to}: ${outcome} (${milliseconds} ms)`)).join('<br>')}</td></tr>`).join('');
  const head = [text('diagnostics.where'), text('diagnostics.column-check'), text('diagnostics.column-result'), text('diagnostics.tried-action')].map((word) => `<th>${safe(word)}</th>`).join('');
  const changed = since === null ? '' : `<h2>${safe(since.title)}</h2><ul>${since.lines.map((line) => `<li>${safe(line)}</li>`).join('')}</ul>`;
  const logged = log.length === 0 ? '' : `<h2>${safe(text('diagnostics.report-log'))}</h2><pre>${safe(log.join('\n'))}</pre>`;
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${safe(title)}</title><style>${STYLE}</style></head><body><h1>${safe(title)}</h1><p>${safe(made)}</p>${found}${changed}<h2>${safe(text('diagnostics.own-checks'))} · ${safe(text('diagnostics.gateways'))}</h2><table><thead><tr>${head}</tr></thead><tbody>${table}</tbody></table>${logged}</body></html>\n`;
}

function safe(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
