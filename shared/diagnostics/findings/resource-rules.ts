import { catalogue, isErrorCode } from '../../errors/catalogue.ts';
import type { FindingRule, Match, RunView } from './finding-rule.ts';

/** What the choice ended with; that no gateway is available is a consequence of what is told of the gateways. */
function choices(run: RunView, consequence: boolean): readonly Match[] {
  return run.all('choice').flatMap(({ result, facts: { preview } }) => (preview.code !== null && (preview.code === 'gateway.none-available') === consequence ? [{ code: preview.code, args: { protocol: preview.protocol, ...preview.args }, evidence: [result] }] : []));
}

/** The first stage that failed on the way to the target. */
function failedStages(run: RunView, onLink: boolean): readonly Match[] {
  return run.all('target').flatMap(({ result, facts: { test } }) => {
    const failed = test.stages.find(({ ok }) => !ok);
    if (failed === undefined || (failed.stage === 'grant' || failed.stage === 'choice') !== onLink) return [];
    const code = failed.code ?? 'target.unreachable';
    // A stage says what it saw; whether the identity is new or another is told below, with the fingerprints.
    return isErrorCode(code) && code.startsWith('target.identity') ? [] : [{ code, args: { gateway: test.gatewayName }, evidence: [result] }];
  });
}

function identities(run: RunView, known: boolean): readonly Match[] {
  return run.all('target').flatMap(({ result, facts: { test, identitiesKnown } }) => {
    if (test.identity === null || test.identity.expected || (identitiesKnown > 0) !== known) return [];
    const { fingerprint } = test.identity;
    return [{ args: { fingerprint, seen: fingerprint, expected: '—' }, evidence: [result] }];
  });
}

/** What the connection that was tried found at the target's sign-on. */
function signOns(run: RunView): readonly Match[] {
  return run.all('sign-on').flatMap(({ result, facts: { code, args } }) => (code === null ? [] : [{ code, args, evidence: [result] }]));
}

/** Causes in the rules, in the choice, and between the gateway and the target. */
export const resourceRules: readonly FindingRule[] = [
  { code: 'choice', leg: 'service', actor: 'helpdesk', rank: 78, find: (run) => choices(run, false) },
  { code: 'gateway.none-available', leg: 'L3', actor: catalogue['gateway.none-available'].actor, rank: 54, find: (run) => choices(run, true) },
  { code: 'target', leg: 'L4', actor: 'target-administrator', rank: 77, find: (run) => failedStages(run, false) },
  { code: 'grant', leg: 'L3', actor: 'gateway-administrator', rank: 55, find: (run) => failedStages(run, true) },
  { code: 'target.identity-changed', leg: 'L4', actor: 'target-administrator', rank: 76, find: (run) => identities(run, true) },
  { code: 'target.identity-unknown', leg: 'L4', actor: 'target-administrator', rank: 76, find: (run) => identities(run, false) },
  { code: 'sign-on', leg: 'L4', actor: 'target-administrator', rank: 75, find: signOns },
];
