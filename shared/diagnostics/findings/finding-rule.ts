import type { Actor, Leg } from '../../errors/catalogue.ts';
import type { CheckName, CheckResult, FactsOf } from '../check-result.ts';
import type { Finding } from '../diagnosis-run.ts';

/** What a rule saw once: the arguments of its text, the ports to open, the results that say so. `gateway` is joined over several that say the same. */
export interface Match {
  readonly gateway?: string;
  readonly args?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly number[];
  readonly evidence: readonly CheckResult[];
  /** Where the code is only known from what was found: a code of the error catalogue. */
  readonly code?: string;
}

/** One cause: how it is seen, where it lies, who must act. `rank` orders what is found: the higher, the more it explains. */
export interface FindingRule {
  readonly code: string;
  readonly leg: Leg;
  readonly actor: Actor;
  readonly rank: number;
  readonly find: (run: RunView) => readonly Match[];
  /** What this cause brings about: not told beside it. */
  readonly explains?: (other: Finding, own: Finding) => boolean;
}

/** A result that found something, with its facts. */
export interface Seen<Name extends CheckName> {
  readonly result: CheckResult;
  readonly facts: FactsOf<Name>;
}

/** The results of a run, by check. */
export class RunView {
  readonly results: readonly CheckResult[];

  constructor(results: readonly CheckResult[]) {
    this.results = results;
  }

  /** What a check found, everywhere it was run. */
  all<Name extends CheckName>(name: Name): readonly Seen<Name>[] {
    return this.results.flatMap((result) => {
      const { outcome } = result;
      if (outcome.status !== 'found') return [];
      const { facts } = outcome;
      return isOf(name, facts) ? [{ result, facts }] : [];
    });
  }

  ofService<Name extends CheckName>(name: Name): Seen<Name> | undefined {
    return this.all(name).find(({ result }) => result.subject.kind === 'service');
  }

  /** The results of each gateway, under its name. */
  gateways(): readonly GatewayView[] {
    const names = new Map<string, string>();
    for (const { subject } of this.results) if (subject.kind === 'gateway') names.set(subject.gatewayId, subject.name);
    return [...names].map(([id, name]) => new GatewayView(name, this.results.filter(({ subject }) => subject.kind === 'gateway' && subject.gatewayId === id)));
  }

  /** Whether the service's own way goes by a proxy of the network. */
  get proxied(): boolean {
    return this.all('proxy').some(({ facts }) => facts.ways[0] !== undefined && facts.ways[0] !== 'DIRECT');
  }

  /** Whether the service's port is fine: TLS done, and the key is the right one. */
  get servicePortGood(): boolean {
    const tls = this.ofService('port')?.facts.tls;
    return tls?.outcome === 'done' && tls.trust === 'good';
  }
}

/** One gateway's results. */
export class GatewayView extends RunView {
  readonly name: string;

  constructor(name: string, results: readonly CheckResult[]) {
    super(results);
    this.name = name;
  }

  get ports(): readonly Seen<'port'>[] {
    return this.all('port');
  }

  get proxyPorts(): readonly Seen<'port'>[] {
    return this.ports.filter(({ facts }) => facts.role === 'proxy');
  }

  /** Whether every port that was tried came out so. */
  allPorts(...outcomes: readonly FactsOf<'port'>['tcp'][]): boolean {
    return this.ports.length > 0 && this.ports.every(({ facts }) => outcomes.includes(facts.tcp));
  }
}

function isOf<Name extends CheckName>(name: Name, facts: FactsOf<CheckName>): facts is FactsOf<Name> {
  return facts.check === name;
}

/** Ports as a text lists them. */
export function portList(ports: readonly Seen<'port'>[]): string {
  return ports.map(({ facts }) => facts.port).join(', ');
}

export const results = (seen: readonly { readonly result: CheckResult }[]): CheckResult[] => seen.map(({ result }) => result);
