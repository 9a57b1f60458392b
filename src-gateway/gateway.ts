import { type Protocol, protocol } from '../shared/ids.ts';
import type { GatewayConfiguration } from '../shared/gateway-configuration.ts';
import type { RefusedPeer } from '../shared/refused-peers/refused-peers.ts';
import { type Clock, instantOf } from './clock/clock.ts';
import { readConfigurationFile } from './configuration/configuration-file.ts';
import type { DataFolder } from './configuration/data-folder.ts';
import { lockDataFolder } from './configuration/data-folder-lock.ts';
import { type GatewaySettings, readSettings } from './configuration/gateway-settings.ts';
import { ForwardRegister } from './forwards/forward-register.ts';
import { GrantRegister } from './grants/grant-register.ts';
import { KnownClientKeys } from './grants/known-client-keys.ts';
import { Journal } from './journal/journal.ts';
import { type JournalDisk, openJournalDisk } from './journal/journal-disk.ts';
import { LeftOpenConnections } from './journal/left-open.ts';
import { KeysInUse } from './keys/keys-in-use.ts';
import { AuditHeads } from './link/audit-heads.ts';
import { LeaseEpoch } from './link/lease-epoch.ts';
import { linkHandlers } from './link/link-methods.ts';
import { LinkForwards } from './link/link-forwards.ts';
import { linkPortAlpn, LinkRouter } from './link/link-port.ts';
import { Pace } from './link/pace.ts';
import { PingServer } from './link/ping-server.ts';
import { ServiceAddresses } from './link/service-addresses.ts';
import { ServicePins } from './link/service-pins.ts';
import { type IdentityProbe, probeTarget } from './link/target-probe.ts';
import type { Logger } from './logging/logger.ts';
import { GatewayMetrics } from './metrics/gateway-metrics.ts';
import { startMetricsOutlet } from './metrics/metrics-outlet.ts';
import { ConnectionAdmission } from './proxy-port/connection-admission.ts';
import { Greeter } from './proxy-port/greeting.ts';
import { MeasureAllowance } from './proxy-port/measure-allowance.ts';
import { PortMapInForce } from './proxy-port/port-map.ts';
import { ProxyPorts } from './proxy-port/proxy-ports.ts';
import { refusedPeersJournal } from './proxy-port/refused-peers-journal.ts';
import { TlsListener } from './proxy-port/tls-listener.ts';
import type { ProtocolHandler } from './sessions/protocol-handler.ts';
import type { RecordingSource } from './sessions/recording-source.ts';
import { SessionRegister } from './sessions/session-register.ts';
import { Supervision } from './sessions/supervision.ts';
import { machineLoadMeter } from './status/machine-load.ts';
import { Readiness } from './status/readiness.ts';
import { StatusFileWriter } from './status/status-file.ts';
import { pingAnswer, statusReport, type StatusParts } from './status/status-report.ts';
import type { Resolve } from './target-address/resolver.ts';
import { TargetDialler } from './target-address/target-dialler.ts';
import { WatchRegister } from './watches/watch-register.ts';
import { RefusalJournal } from './tickets/refusal-journal.ts';

/** What the protocols are made from. */
export interface ProtocolContext {
  readonly configuration: GatewayConfiguration;
  readonly keys: Pick<KeysInUse, 'current' | 'formerSigningKeys' | 'onSwitched'>;
  readonly settings: GatewaySettings;
  readonly data: DataFolder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<Journal, 'append'>;
  /** Told of each recording that the run before had begun and not closed. */
  readonly leftOpen: Pick<LeftOpenConnections, 'recordingFound'>;
}

/** The protocols that a gateway ends, and where their recordings go. */
export interface GatewayProtocols {
  readonly handlers: Partial<Record<Protocol, ProtocolHandler>>;
  readonly identityProbes: Partial<Record<Protocol, IdentityProbe>>;
  readonly recordings: RecordingSource;
  /** Seals what is open; called after the last session. */
  readonly close: () => Promise<void>;
}

export interface GatewayOptions {
  readonly data: DataFolder;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolve: Resolve;
  readonly ownAddresses: () => readonly string[];
  readonly openProtocols: (context: ProtocolContext) => Promise<GatewayProtocols>;
  /** Where the journal lies; the data folder where nothing is said. */
  readonly journalDisk?: JournalDisk;
}

/** A gateway that runs. */
export interface RunningGateway {
  readonly linkPort: number;
  readonly proxyPorts: readonly number[];
  /** Number of sessions. */
  readonly sessions: () => number;
  /** Stops in good order: no new sessions, the others ended with `gateway.restarted`, journal closed. */
  stop(): Promise<void>;
}

/**
 * Makes all parts of a gateway and starts them in order. Rejects with `gateway.configuration-invalid`,
 * `service.data-folder-in-use`, `gateway.port-closed` (the link port, or every proxy port), `gateway.cannot-record`.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).toReversed()) {
      try {
        await one();
      } catch (error) {
        options.log.error('a part could not be stopped in good order', { error });
      }
    }
  };
  try {
    return { ...(await start(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(options: GatewayOptions, stops: (() => Promise<void> | void)[]): Promise<Omit<RunningGateway, 'stop'>> {
  const { data, clock, log, version } = options;
  const { configuration } = await readConfigurationFile(data.configuration);
  const { settings, fallenBack } = await readSettings(data.settings);
  if (fallenBack.length > 0) log.warn('settings with a wrong value fell back to their default', { count: fallenBack.length });
  stops.push(await lockDataFolder(data.lock));
  const keys = await KeysInUse.open({ folder: data.keys, gatewayId: configuration.gatewayId, gatewayName: configuration.name, now: () => new Date(clock.wallMs()) });

  const gatewayName = configuration.name;
  const journal = await Journal.open({ disk: options.journalDisk ?? (await openJournalDisk(data.journal)), clock, log, gatewayName });
  stops.push(() => journal.close());
  writeStart(journal, version);
  stops.push(async () => void (await journal.appendDurably({ kind: 'gateway-stopped', facts: { version } })));
  const leftOpen = new LeftOpenConnections(journal);
  const protocols = await options.openProtocols({ configuration, keys, settings, data, clock, log, journal, leftOpen });
  stops.push(() => protocols.close());
  leftOpen.end();
  // A gateway whose disk takes nothing starts all the same: it refuses sessions, and its status says why.
  await journal.flush().catch((error: unknown) => log.error('the start could not be journaled', { error }));

  const supervision = new Supervision(clock);
  const serviceAddresses = await ServiceAddresses.open(configuration, data.announcedAddresses);
  const dialler = new TargetDialler({
    resolve: options.resolve,
    clock,
    serviceEndpoints: () => serviceAddresses.endpoints,
    ownAddresses: options.ownAddresses,
    ownPorts: [configuration.listen.linkPort, ...configuration.listen.proxyPorts],
  });
  const sessions: SessionRegister = new SessionRegister({
    clock, log, journal, dialler, supervision, gatewayName, version,
    handlers: protocols.handlers,
    resumeSeconds: settings.resumeSeconds,
    unacknowledgedBytesInAll: settings.unacknowledgedBytesInAll,
    linkPort: configuration.listen.linkPort,
    carries: (port, wanted) => portMap.carries(port, wanted),
    assertReady: () => readiness.assertReady(),
  });
  const forwards: ForwardRegister = new ForwardRegister({
    clock, log, journal, dialler, supervision,
    resumes: sessions.resumes,
    resumeSeconds: settings.resumeSeconds,
    linkPort: configuration.listen.linkPort,
    assertReady: () => readiness.assertReady('forward'),
  });
  const watches = new WatchRegister({ clock, log, journal, supervision, gatewayName, version, sessionOf: (connectionId) => sessions.watched(connectionId) });
  const grants = new GrantRegister(clock, gatewayName, journal.recovery.recentTickets);
  const knownKeys = new KnownClientKeys();
  const limits = { perAddress: settings.unauthenticatedPerAddress, inAll: settings.unauthenticatedInAll };
  const admission = new ConnectionAdmission(limits);
  // The link port's places are its own, and an address that has all of them loses its oldest: the service proves itself within
  // a moment, and neither a flood of clients nor one that stands behind the same address as the service keeps it out.
  const linkAdmission = new ConnectionAdmission({ ...limits, whenAddressFull: 'drop-oldest' });
  const portMap = await PortMapInForce.open(configuration, data.portMap);
  const metrics = new GatewayMetrics({
    sessions: () => sessions.size,
    cutSessions: () => sessions.lines.cutNow,
    cuts: () => sessions.lines.cuts,
    resumes: () => sessions.lines.resumes,
    keptBytes: () => sessions.lines.keptBytes,
    forwards: () => forwards.size,
    grants: () => grants.size,
    unauthenticated: () => admission.open + linkAdmission.open,
    refusedConnections: () => admission.refused + linkAdmission.refused,
    journalWaiting: () => journal.waiting,
    journalHead: () => journal.head.sequence,
    spoolFreeBytes: () => protocols.recordings.canRecord().freeBytes,
    memoryBytes: () => process.memoryUsage.rss(),
  });
  const refusals = new RefusalJournal(journal, clock);
  const refusedPeers = refusedPeersJournal(journal, clock);
  stops.push(() => refusedPeers.close());
  const refused = (peer: RefusedPeer): void => refusedPeers.refused(peer);
  const { host, linkPort, proxyPorts } = configuration.listen;
  const greeter = new Greeter({
    clock, log, grants, sessions, forwards, watches, gatewayName, refused,
    resumes: sessions.resumes,
    refusals: {
      write: (refusal) => {
        metrics.ticketRefused(refusal.reason);
        refusals.write(refusal);
      },
    },
    linkPort,
    carries: (port, wanted) => portMap.carries(port, wanted),
    allowance: new MeasureAllowance(clock, (thumbprint) => knownKeys.has(thumbprint)),
  });
  const ports = new ProxyPorts({ host, ports: proxyPorts, keys: () => keys.current, admission, clock, log, greeter, refused });
  const readiness = new Readiness({
    gatewayName, journal,
    streams: () => sessions.size + forwards.size + watches.size,
    maxSessions: settings.maxSessions,
    recordings: protocols.recordings,
    closedPorts: () => proxyPorts.filter((port) => !ports.isOpen(port)),
  });

  const statusParts: StatusParts = {
    configuration, version, clock, sessions, forwards, readiness, journal, ports, portMap,
    startedAt: instantOf(clock),
    recordings: protocols.recordings,
    protocols: protocol.options.filter((one) => protocols.handlers[one] !== undefined),
    load: machineLoadMeter(clock),
  };
  const servicePins = await ServicePins.open(configuration, data.announcedPins);
  const router = new LinkRouter({
    clock, log,
    pins: servicePins,
    forwards: new LinkForwards({ clock, log, journal, dialler, heard: () => supervision.heard() }),
    ping: new PingServer(clock, (thumbprint) => pingAnswer(statusParts, thumbprint !== null && knownKeys.has(thumbprint)), (peer) => refused({ ...peer, port: linkPort })),
    over443: () => portMap.over443,
    greet: (peer) => greeter.greet(peer, linkPort),
    refused: (peer) => refused({ ...peer, port: linkPort }),
    clientAdmission: admission,
    heard: () => supervision.heard(),
    answered: (method, milliseconds, code) => metrics.linkAnswered(method, milliseconds, code),
    handlers: linkHandlers({
      clock, grants, knownKeys, sessions, forwards, watches, journal,
      status: async () => ({ ...statusReport(statusParts), keys: await keys.report() }),
      recordings: protocols.recordings,
      auditHeads: new AuditHeads(data.auditHeads, configuration.service.signingKeys),
      servicePins, serviceAddresses, portMap, keys,
      epoch: new LeaseEpoch(),
      bulkPace: new Pace(clock, settings.bulkBytesPerSecond),
      probe: (wanted, target, signal) => probeTarget({ clock, dialler, identityProbes: protocols.identityProbes }, wanted, target, signal),
      assertReady: (kind) => readiness.assertReady(kind),
    }),
  });
  servicePins.onChanged(() => {
    router.closeRefused();
    log.warn('the service announced by which keys it opens its links', { count: servicePins.inForce.length });
  });
  const linkListener = new TlsListener({ host, port: linkPort, keys: keys.current, admission: linkAdmission, log, refused, alpn: () => linkPortAlpn(portMap.over443), onPeer: (peer) => router.route(peer) });
  keys.onSwitched((switched) => {
    linkListener.useKeys(switched);
    ports.useKeys(switched);
    log.warn('the gateway goes by its new keys', { fingerprint: switched.tlsPin });
  });
  await linkListener.listen();
  stops.push(async () => {
    router.close();
    await linkListener.close();
  });
  stops.push(() => ports.close());
  await ports.open();
  stops.push(async () => {
    readiness.drain();
    ports.stopAccepting();
    grants.clear();
    await Promise.all([sessions.endAll('gateway.restarted'), forwards.endAll('gateway.restarted'), watches.endAll('gateway.restarted')]);
  });
  const outlet = await startMetricsOutlet(settings.metrics, () => metrics.text(), clock, log);
  stops.push(() => outlet.stop());
  const statusFile = new StatusFileWriter(data.status, clock, log, () => ({ report: statusReport({ ...statusParts, load: () => ({ cpu: 0, memoryBytes: process.memoryUsage.rss() }) }), links: router.links }));
  statusFile.start();
  stops.push(() => statusFile.stop());
  log.info('gateway listens', { port: linkPort, count: ports.openPorts.length, version });
  return { linkPort, proxyPorts: ports.openPorts, sessions: () => sessions.size + forwards.size };
}

/** Says what the journal found of the run before. */
function writeStart(journal: Journal, version: string): void {
  const { cutBytes, broken, cleanStop, open } = journal.recovery;
  journal.append({
    kind: 'gateway-started',
    facts: { version, cleanStop, cutBytes, openConnections: open.length, ...(broken === null ? {} : { code: 'audit.trail-incomplete', from: broken.from, to: broken.to }) },
  });
}
