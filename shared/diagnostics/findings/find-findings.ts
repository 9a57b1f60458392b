import { catalogue, isErrorCode } from '../../errors/catalogue.ts';
import type { CheckResult } from '../check-result.ts';
import type { Finding } from '../diagnosis-run.ts';
import { deviceRules } from './device-rules.ts';
import { type FindingRule, type Match, RunView } from './finding-rule.ts';
import { gatewayRules } from './gateway-rules.ts';
import { resourceRules } from './resource-rules.ts';
import { serviceRules } from './service-rules.ts';

/** Every cause that diagnostics can name. */
export const findingRules: readonly FindingRule[] = [...deviceRules, ...serviceRules, ...gatewayRules, ...resourceRules];

/** Gateways that one sentence names; the others are in the table. */
const NAMED_GATEWAYS = 4;

interface Ranked {
  readonly finding: Finding;
  readonly rule: FindingRule;
}

/** What the results of a run say together, most likely cause first; nothing where all is well. Pure. */
export function findFindings(results: readonly CheckResult[]): Finding[] {
  const run = new RunView(results);
  const all = findingRules.flatMap((rule) => rule.find(run).map((match) => ({ rule, finding: asFinding(rule, match) })));
  const causes = all.filter((one) => !all.some((other) => other !== one && other.rule !== one.rule && other.rule.explains?.(one.finding, other.finding) === true));
  return joined(causes).toSorted((a, b) => b.rule.rank - a.rule.rank).map(({ finding }) => finding);
}

/** A code that is only known from what was found is of the catalogue, which says leg and actor; one that this version does not know says so, with the word itself. */
function asFinding(rule: FindingRule, { code, gateway, args = {}, ports = [], evidence }: Match): Finding {
  const of = { args: { ...args, ...(gateway === undefined ? {} : { gateway }) }, ports: [...ports], evidence: evidence.map(({ id }) => id) };
  if (code === undefined) return { code: rule.code, leg: rule.leg, actor: rule.actor, ...of };
  if (!isErrorCode(code) || code === 'internal') return { code: 'newer-code', leg: rule.leg, actor: rule.actor, ...of, args: { ...of.args, code } };
  const { leg, actor } = catalogue[code];
  return { code, leg, actor, ...of };
}

/** The same of several gateways is one finding. */
function joined(found: readonly { readonly rule: FindingRule; readonly finding: Finding }[]): Ranked[] {
  const groups = new Map<string, { rule: FindingRule; single: Finding[] }>();
  for (const { rule, finding } of found) {
    const { gateway: _gateway, ...rest } = finding.args;
    const key = JSON.stringify([finding.code, rest, finding.ports]);
    const group = groups.get(key) ?? { rule, single: [] };
    group.single.push(finding);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ rule, single }) => {
    const [first] = single;
    if (first === undefined) return [];
    const names = single.flatMap(({ args }) => (typeof args['gateway'] === 'string' ? [args['gateway']] : []));
    const shown = names.length > NAMED_GATEWAYS ? `${names.slice(0, NAMED_GATEWAYS).join(', ')} …` : names.join(', ');
    const finding: Finding = { ...first, args: names.length === 0 ? first.args : { ...first.args, gateway: shown }, evidence: single.flatMap(({ evidence }) => evidence).slice(0, 60) };
    return [{ rule, finding }];
  });
}
