import type { FactsOf } from '../check-result.ts';
import type { FindingRule, Match, RunView, Seen } from './finding-rule.ts';
import { results } from './finding-rule.ts';

type ServicePort = Seen<'port'>;
type PortFacts = FactsOf<'port'>;

const addressOf = ({ host, port }: PortFacts): string => `${host}:${port}`;

/** A match for the service's port where it is as the predicate says. */
function onPort(run: RunView, is: (facts: PortFacts) => boolean, more: (facts: PortFacts) => Partial<Match> = () => ({})): readonly Match[] {
  const port: ServicePort | undefined = run.ofService('port');
  return port !== undefined && is(port.facts) ? [{ args: { address: addressOf(port.facts) }, evidence: [port.result], ...more(port.facts) }] : [];
}

const withPort = ({ port, ...rest }: PortFacts): Partial<Match> => ({ args: { address: addressOf({ port, ...rest }) }, ports: [port] });

/** The issuer of what was shown in the service's place, where somebody on the way put it there. */
function inspector(run: RunView): readonly Match[] {
  const port = run.ofService('port');
  const tls = port?.facts.tls;
  if (port === undefined || tls === undefined || tls === null || !tls.signedByAnother || tls.issuer === null) return [];
  const seenElsewhere = run.all('port').filter(({ facts }) => facts.role !== 'service' && facts.tls?.trust === 'pin' && facts.tls.issuer === tls.issuer);
  const inspected = tls.trust === 'pin' || (tls.trust === 'issuer' && seenElsewhere.length > 0);
  return inspected ? [{ args: { issuer: tls.issuer }, evidence: [port.result, ...results(seenElsewhere)] }] : [];
}

/** Codes of the API that a rule of their own, or a check of their own, tells more exactly. */
const toldElsewhere = new Set(['service.time-out', 'service.answer-invalid', 'service.client-too-old', 'service.pin-mismatch', 'service.certificate-untrusted', 'service.unreachable', 'service.name-unknown', 'internal', 'connect.cancelled']);

/** Where the service's port is fine and its API says something else. */
function onApi(run: RunView, is: (code: string) => boolean, more: (facts: FactsOf<'api'>) => Partial<Match> = () => ({})): readonly Match[] {
  if (!run.servicePortGood) return [];
  const host = run.ofService('port')?.facts;
  return run.all('api').flatMap(({ result, facts }) => (facts.code !== null && is(facts.code) ? [{ args: { address: host === undefined ? '' : addressOf(host) }, evidence: [result], ...more(facts) }] : []));
}

/** Causes on the way to the service, and in it. */
export const serviceRules: readonly FindingRule[] = [
  {
    code: 'service.name-unknown', leg: 'L1', actor: 'your-it', rank: 88,
    find: (run) => {
      const name = run.ofService('name');
      return name === undefined || run.proxied || [name.facts.ipv4, name.facts.ipv6].some(({ outcome }) => outcome !== 'none') ? [] : [{ args: { address: name.facts.host }, evidence: [name.result] }];
    },
  },
  { code: 'service-refused', leg: 'L1', actor: 'helpdesk', rank: 84, find: (run) => onPort(run, ({ tcp }) => tcp === 'refused', withPort) },
  { code: 'service-dropped', leg: 'L1', actor: 'your-it', rank: 84, find: (run) => onPort(run, ({ tcp }) => tcp === 'dropped', withPort) },
  { code: 'service-unroutable', leg: 'L1', actor: 'your-it', rank: 84, find: (run) => onPort(run, ({ tcp }) => tcp === 'unreachable') },
  { code: 'service-reset', leg: 'L1', actor: 'your-it', rank: 84, find: (run) => onPort(run, ({ tcp }) => tcp === 'reset', withPort) },
  { code: 'service-silent', leg: 'L1', actor: 'helpdesk', rank: 83, find: (run) => onPort(run, ({ tls }) => tls?.outcome === 'silent') },
  { code: 'service-not-tls', leg: 'L1', actor: 'your-it', rank: 83, find: (run) => onPort(run, ({ tls }) => tls?.outcome === 'not-tls') },
  { code: 'service-tls-failed', leg: 'L1', actor: 'your-it', rank: 83, find: (run) => onPort(run, ({ tls }) => tls !== null && ['closed', 'failed', 'old'].includes(tls.outcome)) },
  {
    code: 'tls-inspected', leg: 'L1', actor: 'your-it', rank: 87, find: inspector,
    explains: (other, own) => other.code === 'service.certificate-untrusted' || (other.code === 'gateway-inspected' && other.args['issuer'] === own.args['issuer']),
  },
  { code: 'service.pin-mismatch', leg: 'L1', actor: 'your-it', rank: 86, find: (run) => onPort(run, ({ tls }) => tls?.trust === 'pin' && !tls.signedByAnother, ({ tls }) => ({ args: { seen: tls?.fingerprint ?? '' } })) },
  { code: 'service.certificate-untrusted', leg: 'L1', actor: 'your-it', rank: 86, find: (run) => onPort(run, ({ tls }) => tls?.trust === 'issuer', ({ tls }) => ({ args: { issuer: tls?.issuer ?? '' } })) },
  { code: 'service-certificate-expired', leg: 'service', actor: 'helpdesk', rank: 86, find: (run) => onPort(run, ({ tls }) => tls?.trust === 'expired', (facts) => ({ args: { address: addressOf(facts), date: facts.tls?.validUntil?.slice(0, 10) ?? '' } })) },
  { code: 'service-certificate-early', leg: 'service', actor: 'helpdesk', rank: 86, find: (run) => onPort(run, ({ tls }) => tls?.trust === 'not-yet-valid') },
  { code: 'service-certificate-name', leg: 'service', actor: 'helpdesk', rank: 86, find: (run) => onPort(run, ({ tls }) => tls?.trust === 'name', (facts) => ({ args: { address: addressOf(facts), name: facts.tls?.subject ?? '' } })) },
  { code: 'service-other', leg: 'L1', actor: 'you', rank: 82, find: (run) => onApi(run, (code) => code === 'service.answer-invalid') },
  { code: 'service-overloaded', leg: 'service', actor: 'helpdesk', rank: 82, find: (run) => onApi(run, (code) => code === 'service.time-out') },
  { code: 'service-cut', leg: 'L1', actor: 'your-it', rank: 82, find: (run) => onApi(run, (code) => code === 'service.unreachable') },
  { code: 'service-failing', leg: 'service', actor: 'helpdesk', rank: 82, find: (run) => onApi(run, (code) => code === 'internal') },
  { code: 'service-says', leg: 'L1', actor: 'helpdesk', rank: 82, find: (run) => onApi(run, (code) => !toldElsewhere.has(code) && !code.startsWith('proxy.'), ({ code, args }) => ({ args, ...(code === null ? {} : { code }) })) },
  { code: 'service.database-unavailable', leg: 'service', actor: 'helpdesk', rank: 81, find: (run) => run.all('api').filter(({ facts }) => facts.database === false).map(({ result }) => ({ evidence: [result] })) },
  { code: 'service-cannot-store', leg: 'service', actor: 'helpdesk', rank: 60, find: (run) => run.all('api').filter(({ facts }) => facts.recordings === false).map(({ result }) => ({ evidence: [result] })) },
  { code: 'events-held', leg: 'L1', actor: 'your-it', rank: 50, find: (run) => (run.servicePortGood ? run.all('events').filter(({ facts }) => facts.outcome === 'silent').map(({ result }) => ({ evidence: [result] })) : []) },
  { code: 'events-cut', leg: 'L1', actor: 'your-it', rank: 50, find: (run) => (run.servicePortGood && run.all('api').every(({ facts }) => facts.code === null) ? run.all('events').filter(({ facts }) => facts.outcome === 'closed').map(({ result }) => ({ evidence: [result] })) : []) },
  {
    code: 'sign-in', leg: 'L1', actor: 'helpdesk', rank: 75,
    find: (run) => run.all('sign-in').flatMap(({ result, facts }) => (facts.code !== null && /^(?:sign-in|session)\./.test(facts.code) && facts.code !== 'sign-in.required' ? [{ code: facts.code, args: facts.args, evidence: [result] }] : [])),
  },
];
