import { errorText } from '../languages/error-text.ts';
import type { Translator } from '../languages/translate.ts';
import { isErrorCode } from '../errors/catalogue.ts';
import type { CheckResult, FactsOf } from './check-result.ts';

/** One thing that a check saw: what it is, and how it was. */
export interface FactLine {
  readonly name: string;
  readonly value: string;
}

/** Changes of a gateway's state that are told: the last trouble and the one before. */
const TOLD_CHANGES = 6;
const NOTHING = '—';

/** What a check saw, beside its state and its numbers: for whoever opens it, and in the report. `when` writes an instant. Empty where there is no more to say. */
export function factLines({ outcome, subject }: Pick<CheckResult, 'outcome' | 'subject'>, translator: Translator, when: (instant: string) => string): readonly FactLine[] {
  if (outcome.status !== 'found') return [];
  const { facts } = outcome;
  switch (facts.check) {
    case 'name':
      return nameLines(facts, translator);
    case 'port':
      return portLines(facts, translator);
    case 'ping':
      return [...facts.ports.map((port) => portCarries(port, translator)), ...clockLine(facts.clockDifferenceMs, translator)];
    case 'api':
      return [...(facts.version === null ? [] : [{ name: translator.text('diagnostics.fact-version'), value: facts.version }]), ...clockLine(facts.clockDifferenceMs, translator)];
    case 'proxy':
      return [{ name: translator.text('diagnostics.check-proxy'), value: facts.ways.join(', ') || NOTHING }];
    case 'sync':
      return syncLines(facts, subject.kind === 'gateway' ? subject.name : NOTHING, translator, when);
    case 'choice':
      return choiceLines(facts, translator);
    case 'target':
      return targetLines(facts, translator);
    case 'sign-on':
      return facts.code === null ? [] : [{ name: translator.text('diagnostics.fact-reason'), value: codeWords(facts.code, facts.args, translator) }];
    case 'network':
    case 'disk':
    case 'portal':
    case 'events':
    case 'sign-in':
    case 'round-trip':
    case 'throughput':
      return [];
  }
  return facts satisfies never;
}

function nameLines({ ipv4, ipv6 }: FactsOf<'name'>, { text }: Translator): FactLine[] {
  return ([['diagnostics.action-resolve-ipv4', ipv4], ['diagnostics.action-resolve-ipv6', ipv6]] as const).map(([name, { addresses, outcome }]) => ({ name: text(name), value: addresses.length > 0 ? addresses.join(', ') : outcome === 'none' ? NOTHING : outcome }));
}

function portLines({ tls }: FactsOf<'port'>, { text }: Translator): FactLine[] {
  if (tls === null || tls.outcome !== 'done') return [];
  const lines = [
    { name: 'TLS', value: [tls.version, tls.alpn].filter((word) => word !== null && word !== '').join(' · ') },
    { name: text('diagnostics.fact-key'), value: tls.fingerprint ?? '' },
    // Whose own key signed it says nothing more.
    { name: text('diagnostics.fact-issuer'), value: tls.signedByAnother ? (tls.issuer ?? '') : '' },
  ];
  return lines.filter(({ value }) => value !== '');
}

function portCarries({ port, open, protocols }: FactsOf<'ping'>['ports'][number], { text }: Translator): FactLine {
  return { name: text('diagnostics.column-port', { port }), value: open ? protocols.map((one) => text(`protocol.${one}`)).join(', ') || NOTHING : text('diagnostics.fact-closed') };
}

function clockLine(differenceMs: number | null, { text }: Translator): FactLine[] {
  if (differenceMs === null) return [];
  const seconds = Math.round(Math.abs(differenceMs) / 1000);
  return [{ name: text('diagnostics.fact-clock'), value: seconds === 0 ? text('diagnostics.fact-clock-same') : text(differenceMs > 0 ? 'diagnostics.fact-clock-ahead' : 'diagnostics.fact-clock-behind', { seconds }) }];
}

function syncLines({ state, code, ageSeconds, intervalSeconds, changes }: FactsOf<'sync'>, gateway: string, translator: Translator, when: (instant: string) => string): FactLine[] {
  const { text } = translator;
  return [
    { name: text('diagnostics.fact-state'), value: stateWords(state, code, gateway, translator) },
    { name: text('diagnostics.check-sync'), value: `${ageSeconds === null ? NOTHING : text('diagnostics.age', { seconds: ageSeconds })} (${text('diagnostics.fact-interval', { seconds: intervalSeconds })})` },
    ...changes.slice(0, TOLD_CHANGES).map((change) => ({ name: when(change.at), value: stateWords(change.state, change.code, gateway, translator) })),
  ];
}

function choiceLines({ preview }: FactsOf<'choice'>, translator: Translator): FactLine[] {
  const { text } = translator;
  return [
    { name: text('diagnostics.fact-segments'), value: preview.segments.join(', ') || text('diagnostics.fact-any-gateway') },
    ...(preview.tunnel ? [{ name: 'Tunnel', value: text('diagnostics.fact-tunnel') }] : []),
    ...(preview.code === null ? [] : [{ name: text('diagnostics.fact-reason'), value: codeWords(preview.code, preview.args, translator) }]),
    ...preview.gateways.map(({ name, usable, state, code }) => ({ name, value: usable ? text('diagnostics.fact-usable') : stateWords(state, code, name, translator) })),
  ];
}

function targetLines({ test: { gatewayName, stages, identity } }: FactsOf<'target'>, translator: Translator): FactLine[] {
  const { text } = translator;
  return [
    ...stages.map(({ stage, ok, milliseconds, code, detail }) => {
      const said = ok ? [text('diagnostics.state-good'), ...(stage === 'choice' ? [gatewayName] : []), detail] : [text('diagnostics.state-bad'), code === undefined ? '' : codeWords(code, { gateway: gatewayName }, translator), detail];
      return { name: text(`connection-test.stage-${stage}`), value: [...said.filter((word) => word !== ''), `${Math.round(milliseconds)} ms`].join(' · ') };
    }),
    ...(identity === null ? [] : [{ name: text('diagnostics.fact-key'), value: `${identity.fingerprint} (${identity.kind})` }]),
  ];
}

function stateWords(state: FactsOf<'sync'>['state'], code: string | null, gateway: string, translator: Translator): string {
  const word = translator.text(`gateway-state.${state}`);
  return code === null ? word : `${word}: ${codeWords(code, { gateway }, translator)}`;
}

/** The catalogue's words for a code; a word of a newer service stands as it is. */
function codeWords(code: string, args: Readonly<Record<string, string | number>>, translator: Translator): string {
  return isErrorCode(code) && code !== 'internal' ? errorText(translator, code, args).message : code;
}
