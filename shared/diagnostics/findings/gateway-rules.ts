import type { FactsOf } from '../check-result.ts';
import type { Finding } from '../diagnosis-run.ts';
import { isNarrow, NARROW_DOWN_BYTES_PER_SECOND, SLOW_MS, UNSTEADY_MS } from '../line-needs.ts';
import { type FindingRule, type GatewayView, type Match, portList, results, type RunView, type Seen } from './finding-rule.ts';

type PortFacts = FactsOf<'port'>;

const ofSameGateway = (other: Finding, own: Finding): boolean => other.args['gateway'] === own.args['gateway'];

/** One match for each gateway where some ports are as the predicate says, naming them. */
function withPorts(run: RunView, pick: (gateway: GatewayView) => readonly Seen<'port'>[], more: (ports: readonly Seen<'port'>[]) => Partial<Match> = () => ({})): readonly Match[] {
  return run.gateways().flatMap((gateway) => {
    const ports = pick(gateway);
    return ports.length === 0 ? [] : [{ gateway: gateway.name, args: { ports: portList(ports) }, evidence: results(ports), ...more(ports) }];
  });
}

const toOpen = (ports: readonly Seen<'port'>[]): Partial<Match> => ({ ports: ports.map(({ facts }) => facts.port) });
const withTls = (gateway: GatewayView, is: (tls: NonNullable<PortFacts['tls']>, facts: PortFacts) => boolean): readonly Seen<'port'>[] => gateway.ports.filter(({ facts }) => facts.tls !== null && is(facts.tls, facts));

/** Ports that the gateway itself says it does not listen on. */
const closedThere = (gateway: GatewayView): readonly number[] => gateway.all('ping').flatMap(({ facts }) => facts.ports.filter(({ open }) => !open).map(({ port }) => port));

/** Proxy ports with one outcome, where not all ports of the gateway are so, and the gateway does not say that it is its own doing. */
const someProxyPorts = (gateway: GatewayView, tcp: PortFacts['tcp']): readonly Seen<'port'>[] =>
  gateway.allPorts(tcp) ? [] : gateway.proxyPorts.filter(({ facts }) => facts.tcp === tcp && !closedThere(gateway).includes(facts.port));

/** What the service says of a gateway, where that is not simply that it is well. */
function onSync(run: RunView, is: (facts: FactsOf<'sync'>) => boolean, more: (facts: FactsOf<'sync'>) => Partial<Match> = () => ({})): readonly Match[] {
  return run.gateways().flatMap((gateway) => gateway.all('sync').flatMap(({ result, facts }) => (is(facts) ? [{ gateway: gateway.name, evidence: [result], ...more(facts) }] : [])));
}

/** The service has not asked for long, and has no failure to tell: one that asked in vain says why the gateway is unavailable. */
const stale = ({ ageSeconds, intervalSeconds, state, code }: FactsOf<'sync'>): boolean => ageSeconds !== null && ageSeconds > 3 * intervalSeconds && state !== 'disabled' && (state !== 'unavailable' || code === null);

/** Kilobits a second each way, and what a desktop needs. */
function kilobits({ downBytesPerSecond, upBytesPerSecond }: FactsOf<'throughput'>): Readonly<Record<string, number>> {
  const of = (bytesPerSecond: number): number => Math.round(bytesPerSecond / 125);
  return { up: of(upBytesPerSecond), ...(downBytesPerSecond === null ? {} : { down: of(downBytesPerSecond) }), least: of(NARROW_DOWN_BYTES_PER_SECOND) };
}

/** Causes on the way to gateways, in them, and between the service and them. */
export const gatewayRules: readonly FindingRule[] = [
  {
    code: 'gateway-name-unknown', leg: 'L2', actor: 'your-it', rank: 65,
    find: (run) => run.gateways().flatMap((gateway) => gateway.all('name').flatMap(({ result, facts }) => ([facts.ipv4, facts.ipv6].every(({ outcome }) => outcome === 'none') ? [{ gateway: gateway.name, args: { host: facts.host }, evidence: [result] }] : []))),
  },
  {
    code: 'gateway-down', leg: 'gateway', actor: 'gateway-administrator', rank: 66,
    find: (run) => withPorts(run, (gateway) => (gateway.allPorts('refused') ? gateway.ports : [])),
    explains: (other, own) => ofSameGateway(other, own) && /^gateway(?:\.link-|-stale)/.test(other.code),
  },
  { code: 'gateway-dropped', leg: 'L2', actor: 'your-it', rank: 66, find: (run) => withPorts(run, (gateway) => (gateway.allPorts('dropped') ? gateway.ports : []), toOpen) },
  { code: 'gateway-unroutable', leg: 'L2', actor: 'your-it', rank: 66, find: (run) => withPorts(run, (gateway) => (gateway.allPorts('unreachable') ? gateway.ports : [])) },
  { code: 'gateway-reset', leg: 'L2', actor: 'your-it', rank: 66, find: (run) => withPorts(run, (gateway) => (gateway.allPorts('reset') ? gateway.ports : []), toOpen) },
  { code: 'ports-refused', leg: 'L2', actor: 'your-it', rank: 64, find: (run) => withPorts(run, (gateway) => someProxyPorts(gateway, 'refused'), toOpen) },
  { code: 'ports-dropped', leg: 'L2', actor: 'your-it', rank: 64, find: (run) => withPorts(run, (gateway) => someProxyPorts(gateway, 'dropped'), toOpen) },
  { code: 'ports-reset', leg: 'L2', actor: 'your-it', rank: 64, find: (run) => withPorts(run, (gateway) => someProxyPorts(gateway, 'reset'), toOpen) },
  {
    code: 'gateway-port-taken', leg: 'gateway', actor: 'gateway-administrator', rank: 65,
    find: (run) => run.gateways().flatMap((gateway) => (closedThere(gateway).length === 0 ? [] : [{ gateway: gateway.name, args: { ports: closedThere(gateway).join(', ') }, evidence: results(gateway.all('ping')) }])),
    explains: (other, own) => other.code === 'gateway.port-closed' && ofSameGateway(other, own),
  },
  {
    code: 'link-port-closed', leg: 'L2', actor: 'your-it', rank: 48,
    find: (run) => withPorts(run, (gateway) => (gateway.proxyPorts.some(({ facts }) => facts.tcp === 'open') ? gateway.ports.filter(({ facts }) => facts.role === 'link' && ['refused', 'dropped', 'reset'].includes(facts.tcp)) : []), toOpen),
  },
  {
    code: 'gateway-inspected', leg: 'L2', actor: 'your-it', rank: 80,
    find: (run) => withPorts(run, (gateway) => withTls(gateway, ({ trust, signedByAnother }) => trust === 'pin' && signedByAnother), (ports) => ({ args: { ports: portList(ports), issuer: ports[0]?.facts.tls?.issuer ?? '' } })),
  },
  { code: 'gateway-key-changed', leg: 'gateway', actor: 'gateway-administrator', rank: 67, find: (run) => withPorts(run, (gateway) => withTls(gateway, ({ trust, signedByAnother }) => trust === 'pin' && !signedByAnother)), explains: (other, own) => other.code === 'gateway.link-pin-mismatch' && ofSameGateway(other, own) },
  { code: 'gateway-silent', leg: 'gateway', actor: 'gateway-administrator', rank: 63, find: (run) => withPorts(run, (gateway) => withTls(gateway, ({ outcome }) => outcome === 'silent')), explains: (other, own) => other.code === 'gateway.link-time-out' && ofSameGateway(other, own) },
  { code: 'gateway-tls-old', leg: 'L2', actor: 'your-it', rank: 62, find: (run) => withPorts(run, (gateway) => withTls(gateway, ({ outcome }) => outcome === 'old')) },
  {
    code: 'gateway-other-program', leg: 'L2', actor: 'gateway-administrator', rank: 62,
    find: (run) => withPorts(run, (gateway) => withTls(gateway, ({ outcome, trust }, { pong }) => ['not-tls', 'failed', 'closed'].includes(outcome) || (outcome === 'done' && trust !== 'pin' && pong === false))),
  },
  { code: 'gateway-stale', leg: 'L3', actor: 'helpdesk', rank: 57, find: (run) => onSync(run, stale, ({ ageSeconds }) => ({ args: { seconds: ageSeconds ?? 0 } })) },
  { code: 'gateway-unavailable', leg: 'L3', actor: 'gateway-administrator', rank: 58, find: (run) => onSync(run, (facts) => facts.state === 'unavailable' && !stale(facts), ({ code }) => (code === null ? {} : { code })) },
  { code: 'gateway.no-key', leg: 'L3', actor: 'gateway-administrator', rank: 56, find: (run) => onSync(run, ({ state }) => state === 'pending') },
  { code: 'gateway.draining', leg: 'gateway', actor: 'nobody', rank: 56, find: (run) => onSync(run, ({ state }) => state === 'draining') },
  { code: 'gateway-disabled', leg: 'gateway', actor: 'gateway-administrator', rank: 56, find: (run) => onSync(run, ({ state }) => state === 'disabled') },
  { code: 'gateway-degraded', leg: 'gateway', actor: 'gateway-administrator', rank: 49, find: (run) => onSync(run, ({ state }) => state === 'degraded', ({ code }) => (code === null ? {} : { code })) },
  { code: 'gateway-ejected', leg: 'L3', actor: 'nobody', rank: 30, find: (run) => onSync(run, ({ ejected, state }) => ejected && state === 'available') },
  {
    code: 'gateway-narrow', leg: 'L2', actor: 'your-it', rank: 22,
    find: (run) => run.gateways().flatMap((gateway) => gateway.all('throughput').flatMap(({ result, facts }) => (isNarrow(facts) ? [{ gateway: gateway.name, args: kilobits(facts), evidence: [result] }] : []))),
  },
  {
    code: 'gateway-slow', leg: 'L2', actor: 'your-it', rank: 21,
    find: (run) => run.gateways().flatMap((gateway) => gateway.all('round-trip').flatMap(({ result, facts: { bestMs, medianMs } }) => (bestMs > SLOW_MS ? [{ gateway: gateway.name, args: { milliseconds: Math.round(medianMs) }, evidence: [result] }] : []))),
  },
  {
    code: 'gateway-unsteady', leg: 'L2', actor: 'your-it', rank: 20,
    find: (run) => run.gateways().flatMap((gateway) => gateway.all('round-trip').flatMap(({ result, facts: { bestMs, jitterMs } }) => (bestMs <= SLOW_MS && jitterMs > UNSTEADY_MS ? [{ gateway: gateway.name, args: { milliseconds: Math.round(jitterMs) }, evidence: [result] }] : []))),
  },
];
