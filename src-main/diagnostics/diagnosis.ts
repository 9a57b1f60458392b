import { randomUUID } from 'node:crypto';
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { type DiagnosedGateway, diagnosticsRoutes } from '../../shared/api/diagnostics.ts';
import type { CheckResult, Subject } from '../../shared/diagnostics/check-result.ts';
import type { DiagnosisRun } from '../../shared/diagnostics/diagnosis-run.ts';
import { findFindings } from '../../shared/diagnostics/findings/find-findings.ts';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { ProfileId } from '../../shared/ids.ts';
import type { AccountState, Profile } from '../../shared/ipc/stores.ts';
import type { ClientKey } from '../account/client-key.ts';
import { placeOf } from '../network/place-of.ts';
import type { WaysOut } from '../network/ways-out.ts';
import type { WayOut } from '../network/way-out.ts';
import { pinOf } from '../service-client/certificate-trust.ts';
import { ServiceClient } from '../service-client/service-client.ts';
import type { Interfaces } from '../sessions/network-watch.ts';
import { type Check, type Clocks, rounded, runCheck } from './check.ts';
import { captivePortal } from './checks/captive-portal.ts';
import { eventFlow } from './checks/event-flow.ts';
import { gatewayPing } from './checks/gateway-ping.ts';
import { gatewayPort } from './checks/gateway-port.ts';
import { gatewayRoundTrip } from './checks/gateway-round-trip.ts';
import { gatewayThroughput } from './checks/gateway-throughput.ts';
import { gatewaySync, type ToldGateway } from './checks/gateway-sync.ts';
import { nameResolution, type ResolveFamily } from './checks/name-resolution.ts';
import { ownDisk } from './checks/own-disk.ts';
import { ownNetwork } from './checks/own-network.ts';
import { type DiagnosedResource, resourceWay } from './checks/resource-way.ts';
import { serviceApi } from './checks/service-api.ts';
import { servicePort } from './checks/service-port.ts';
import { signInState } from './checks/sign-in-state.ts';
import { wayOutProxy } from './checks/way-out-proxy.ts';
import type { KnownGateways } from './known-gateways.ts';
import { LineTurns } from './line-turns.ts';

/** The service's list of gateways is waited for so long; then those that it told before are checked. */
const LIST_LIMIT_MS = 1500;
/** HTTP, where captive portals listen. */
const PORTAL_PORT = 80;

type SignedInClient = Pick<ServiceClient, 'call' | 'open' | 'address'>;

export interface DiagnosisParts {
  readonly clocks: Clocks;
  readonly clientKey: Pick<ClientKey, 'identity' | 'sign'>;
  readonly authorities: readonly string[];
  readonly waysOut: Pick<WaysOut, 'explain'>;
  readonly known: Pick<KnownGateways, 'recall' | 'remember'>;
  /** Who is signed in to a profile's service. */
  readonly account: (profile: ProfileId) => AccountState;
  /** The client that is signed in to a profile's service; undefined where nobody is. */
  readonly signedIn: (profile: ProfileId) => SignedInClient | undefined;
  readonly interfaces: Interfaces;
  readonly userDataFolder: string;
  readonly clientVersion: string;
  readonly platform: string;
  /** Where the system does not resolve names itself. */
  readonly resolve?: ResolveFamily;
  readonly lookup?: LookupFunction;
  readonly portalPort?: number;
  readonly freeBytes?: (folder: string) => Promise<number>;
}

export interface DiagnosisRequest {
  /** Undefined where no service is known yet: this computer alone is checked. */
  readonly profile: Profile | undefined;
  readonly resource?: DiagnosedResource | undefined;
  /** Only this check, by its id. */
  readonly only?: string | undefined;
  readonly signal: AbortSignal;
  /** Told of each result as it comes. */
  readonly onResult?: (result: CheckResult) => void;
  /** Told which checks begin. */
  readonly onBegun?: (checks: readonly Pick<Check, 'id' | 'check' | 'subject' | 'leg'>[]) => void;
}

/** Runs the checks side by side and says what they say together. A full run is under 10 s: each check has its limit, and only the list of gateways comes before. */
export class Diagnosis {
  readonly #parts: DiagnosisParts;

  constructor(parts: DiagnosisParts) {
    this.#parts = parts;
  }

  /** One run; never rejects. */
  async run(request: DiagnosisRequest): Promise<DiagnosisRun> {
    const { clocks, clientVersion, platform } = this.#parts;
    const { profile, resource, only, signal, onResult, onBegun } = request;
    const startedAt = new Date(clocks.clock()).toISOString();
    const begun = clocks.monotonic();
    const results: CheckResult[] = [];
    const begin = (checks: readonly Check[]): Promise<unknown> => {
      const wanted = only === undefined ? checks : checks.filter(({ id }) => id === only);
      if (wanted.length > 0) onBegun?.(wanted);
      return Promise.all(
        wanted.map(async (check) => {
          const result = await runCheck(check, clocks, signal);
          results.push(result);
          onResult?.(result);
        }),
      );
    };
    const own = profile === undefined ? undefined : this.#makeClient(profile);
    try {
      const waves = [begin(this.#deviceChecks(profile))];
      if (profile !== undefined && own !== undefined) {
        const client = this.#parts.signedIn(profile.id);
        waves.push(begin(this.#serviceChecks(profile, own, client)));
        if (resource !== undefined) waves.push(begin(resourceWay(resource, client)));
        const { told, reason } = await this.#gateways(profile, client);
        const turns = new LineTurns();
        waves.push(begin(told.flatMap((one) => this.#gatewayChecks(profile, one, reason, turns))));
      }
      await Promise.all(waves);
    } finally {
      own?.close();
    }
    return {
      id: randomUUID(), startedAt, milliseconds: rounded(clocks.monotonic() - begun),
      profileName: profile?.name.slice(0, 60) ?? null,
      service: profile?.serviceUrl.slice(0, 300) ?? null,
      resource: resource === undefined ? null : { name: resource.name, protocol: resource.protocol },
      clientVersion, platform, results,
      findings: findFindings(results),
    };
  }

  /** A client that is signed in to nothing; where a proxy asks who the user is, that is what is told, and nobody is asked. */
  #makeClient(profile: Profile): ServiceClient {
    const { clientKey, authorities, clocks } = this.#parts;
    return new ServiceClient({ serviceUrl: profile.serviceUrl, pin: pinOf(profile), authorities, clientKey, clock: clocks.clock, network: { waysOut: (place) => this.#ways(profile, place), renewSignOn: async () => false } });
  }

  async #ways({ proxy }: Pick<Profile, 'proxy'>, place: { readonly host: string; readonly port: number }): Promise<WayOut[]> {
    return (await this.#parts.waysOut.explain({ ...place, setting: proxy })).ways;
  }

  #deviceChecks(profile: Profile | undefined): readonly Check[] {
    const { interfaces, userDataFolder, freeBytes, portalPort = PORTAL_PORT, lookup, waysOut } = this.#parts;
    const place = profile === undefined ? undefined : placeOf(profile.serviceUrl);
    const disk = ownDisk({ folder: userDataFolder, ...(freeBytes === undefined ? {} : { free: freeBytes }) });
    const network = ownNetwork(interfaces, place !== undefined && isLoopback(place.host));
    if (profile === undefined || place === undefined) return [network, disk];
    return [network, disk, captivePortal({ host: place.host, port: portalPort, lookup }), wayOutProxy(place, () => waysOut.explain({ ...place, setting: profile.proxy }))];
  }

  #serviceChecks(profile: Profile, own: ServiceClient, client: SignedInClient | undefined): readonly Check[] {
    const { authorities, clientVersion, clocks, lookup, account } = this.#parts;
    const place = placeOf(profile.serviceUrl);
    return [
      nameResolution({ kind: 'service' }, 'L1', place.host, this.#resolve),
      servicePort({ place, pin: pinOf(profile), authorities, waysOut: () => this.#ways(profile, place), lookup }),
      serviceApi({ client: own, clientVersion, clocks }),
      signInState(account(profile.id)),
      eventFlow(client),
    ];
  }

  get #resolve(): ResolveFamily {
    return this.#parts.resolve ?? (async (host, family) => (await systemLookup(host, { family, all: true })).map(({ address }) => address));
  }

  /** As the service tells them now; else as it told them before. */
  async #gateways(profile: Profile, client: SignedInClient | undefined): Promise<{ readonly told: readonly Told[]; readonly reason: 'not-signed-in' | 'service-not-reached' }> {
    const { known } = this.#parts;
    let reason: 'not-signed-in' | 'service-not-reached' = 'not-signed-in';
    if (client !== undefined) {
      try {
        const answer = await client.call(diagnosticsRoutes.diagnosedGateways, { params: {}, query: {}, body: {} }, { timeoutMs: LIST_LIMIT_MS });
        void known.remember(profile.id, answer.items);
        return { told: answer.items.map((gateway) => ({ gateway, now: { gateway, serverTime: answer.serverTime, syncSeconds: answer.syncSeconds } })), reason };
      } catch (thrown) {
        reason = asMavisError(thrown).code.startsWith('sign-in.') ? 'not-signed-in' : 'service-not-reached';
      }
    }
    return { told: known.recall(profile.id).map((gateway) => ({ gateway, now: undefined })), reason };
  }

  #gatewayChecks(profile: Profile, { gateway, now }: Told, unknown: 'not-signed-in' | 'service-not-reached', turns: LineTurns): readonly Check[] {
    const { clientKey, lookup, clocks } = this.#parts;
    const { identity } = clientKey;
    const subject: Extract<Subject, { kind: 'gateway' }> = { kind: 'gateway', gatewayId: gateway.id, name: gateway.name.slice(0, 100) };
    const sync = gatewaySync(subject, now, unknown);
    const { place, pins } = gateway;
    if (place === null) return [byWayOf(subject, gateway.by ?? ''), sync];
    const { host, linkPort, proxyPorts, over443 } = place;
    const waysOut = (): Promise<WayOut[]> => this.#ways(profile, { host, port: linkPort });
    const common = { subject, host, pins, identity, lookup };
    const line = { subject, host, ports: proxyPorts, fallbackPort: over443 ? linkPort : null, waysOut, pins, identity, turns };
    return [
      nameResolution(subject, 'L2', host, this.#resolve),
      gatewayPort({ ...common, port: linkPort, role: 'link', waysOut }),
      ...proxyPorts.map((port) => gatewayPort({ ...common, port, role: 'proxy' })),
      gatewayPing({ ...common, linkPort, waysOut, clocks }),
      gatewayRoundTrip(line),
      gatewayThroughput(line),
      sync,
    ];
  }
}

interface Told {
  readonly gateway: DiagnosedGateway;
  readonly now: ToldGateway | undefined;
}

/** Rule 26: a gateway behind another is not tested from here. */
function byWayOf(subject: Extract<Subject, { kind: 'gateway' }>, by: string): Check {
  return { id: `port ${subject.gatewayId}`, check: 'port', subject, leg: 'L2', limitMs: 1000, run: async () => ({ notRun: 'by-way-of', detail: by }) };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
