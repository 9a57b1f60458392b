import type { FindingRule, Match, RunView } from './finding-rule.ts';
import { results } from './finding-rule.ts';

/** Clocks that differ by less are the same for people, logs and sign-ins. */
const CLOCK_TOLERANCE_MS = 10_000;
const DISK_LOW_BYTES = 64 * 1024 * 1024;

const seconds = (milliseconds: number): number => Math.abs(Math.round(milliseconds / 1000));
const off = (differenceMs: number | null): differenceMs is number => differenceMs !== null && Math.abs(differenceMs) > CLOCK_TOLERANCE_MS;
const agree = (a: number, b: number): boolean => Math.abs(a - b) <= CLOCK_TOLERANCE_MS;

interface Clocks {
  readonly device: readonly Match[];
  readonly service: readonly Match[];
  readonly gateways: readonly Match[];
}

/** Whose clock is wrong: the one that the others do not agree with. Of two that differ it is this computer's: servers keep theirs by NTP. */
function clocksOf(run: RunView): Clocks {
  const api = run.ofService('api');
  const service = api?.facts.clockDifferenceMs ?? null;
  const pings = run.gateways().flatMap((gateway) => gateway.all('ping').flatMap(({ result, facts: { clockDifferenceMs: difference } }) => (difference === null ? [] : [{ name: gateway.name, result, difference }])));
  const good = pings.filter(({ difference }) => !off(difference));
  const others = service === null ? pings.map(({ difference }) => difference) : [service];
  const reference = others[0];
  const deviceWrong = off(reference ?? null) && reference !== undefined && good.length === 0 && pings.filter(({ difference }) => agree(difference, reference)).length >= Math.min(pings.length, 1) && (service !== null || pings.length > 1);
  const own = deviceWrong ? [{ args: { seconds: seconds(reference) }, evidence: [...(api === undefined ? [] : [api.result]), ...results(pings)] }] : [];
  const serviceWrong = off(service) && !deviceWrong && api !== undefined;
  // Clocks are held against ours where it is right, else against the one that shows that it is not.
  const base = deviceWrong ? reference : 0;
  return {
    device: own,
    service: serviceWrong ? [{ args: { seconds: seconds(service) }, evidence: [api.result] }] : [],
    gateways: pings.filter(({ difference }) => !agree(difference, base)).map(({ name, result, difference }) => ({ gateway: name, args: { seconds: seconds(difference - base) }, evidence: [result] })),
  };
}

const ownDevice = new Set(['disk-full', 'service.client-too-old', 'clock-of-device']);

/** Causes on this computer and in its own network. */
export const deviceRules: readonly FindingRule[] = [
  {
    code: 'device-offline', leg: 'client', actor: 'you', rank: 100,
    find: (run) => run.all('network').filter(({ facts }) => !facts.online).map(({ result }) => ({ evidence: [result] })),
    explains: (other) => !ownDevice.has(other.code),
  },
  {
    code: 'captive-portal', leg: 'client', actor: 'you', rank: 95,
    find: (run) => (run.servicePortGood ? [] : run.all('portal').filter(({ facts }) => facts.found).map(({ result, facts }) => ({ args: { host: facts.leadsTo ?? `HTTP ${facts.status ?? ''}` }, evidence: [result] }))),
    explains: (other) => /^(?:service|gateway|tls|proxy|events|dns)/.test(other.code),
  },
  {
    code: 'dns-broken', leg: 'client', actor: 'your-it', rank: 89,
    find: (run) => {
      const broken = run.all('name').filter(({ facts: { ipv4, ipv6 } }) => [ipv4, ipv6].some(({ outcome }) => outcome === 'failed' || outcome === 'time-out') && ![ipv4, ipv6].some(({ outcome }) => outcome === 'found' || outcome === 'literal'));
      return broken.length === 0 || (run.proxied && broken.every(({ result }) => result.subject.kind === 'service')) ? [] : [{ args: { host: broken[0]?.facts.host ?? '' }, evidence: results(broken) }];
    },
    explains: (other) => other.code === 'service.name-unknown' || other.code === 'gateway-name-unknown',
  },
  {
    code: 'proxy', leg: 'client', actor: 'your-it', rank: 90,
    find: (run) => run.all('proxy').flatMap(({ result, facts }) => (facts.code === null ? [] : [{ code: facts.code, args: facts.args, evidence: [result] }])),
  },
  {
    code: 'clock-of-device', leg: 'client', actor: 'you', rank: 92,
    find: (run) => clocksOf(run).device,
    explains: (other) => ['service-certificate-expired', 'service-certificate-early', 'sign-in.clock-differs', 'gateway.clock-differs'].includes(other.code),
  },
  { code: 'clock-of-service', leg: 'service', actor: 'helpdesk', rank: 52, find: (run) => clocksOf(run).service },
  { code: 'clock-of-gateway', leg: 'gateway', actor: 'gateway-administrator', rank: 51, find: (run) => clocksOf(run).gateways, explains: (other, own) => other.code === 'gateway.clock-differs' && other.args['gateway'] === own.args['gateway'] },
  {
    code: 'disk-full', leg: 'client', actor: 'you', rank: 71,
    find: (run) => run.all('disk').filter(({ facts }) => !facts.writable || facts.freeBytes < DISK_LOW_BYTES).map(({ result, facts }) => ({ args: { megabytes: Math.floor(facts.freeBytes / 1_048_576) }, evidence: [result] })),
  },
  { code: 'service.client-too-old', leg: 'L1', actor: 'your-it', rank: 72, find: (run) => run.all('api').filter(({ facts }) => facts.tooOld).map(({ result, facts }) => ({ args: { version: facts.oldestClient ?? '' }, evidence: [result] })) },
];
