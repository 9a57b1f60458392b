import { createHash, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROXY_ALPN } from '../../../shared/proxy-stream/frames.ts';
import { type CertificateAuthority, makeAuthority } from '../../fixtures/certificate-authority.ts';
import { type ConnectProxyBehaviour, startConnectProxy } from '../../fixtures/connect-proxy.ts';
import { codesOf, expectCause, finds, type LabClient, LabOpen, ownAddress, profileOf, serviceAnswers, serviceWay, startPeer, startTlsPeer, startWeb, toldGateway, wayTo } from '../../fixtures/diagnosis-laboratory.ts';
import { startDroppingPort } from '../../fixtures/dropping-port.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';
import { makeSelfSigned, type SelfSigned } from '../../fixtures/self-signed.ts';
import { ServiceUnderTest } from '../../fixtures/service-under-test.ts';
import type { Direction, Toxic } from '../../targets/toxics.ts';

// The product's own checks against one real service and one real gateway, with a fault on the wire or in a process of the
// case's own. Each case: the first finding is the cause, in three languages, and it is gone when the fault is.

const CLEAN_RUNS = process.env['MAVIS_LONG'] === '1' ? 50 : 5;

let service: ServiceUnderTest;
let gateway: TestGateway;
let pin: string;
let company: CertificateAuthority;
let inspector: CertificateAuthority;
let stranger: SelfSigned;

beforeAll(async () => {
  [service, gateway, company, inspector, stranger] = await Promise.all([ServiceUnderTest.start(), TestGateway.start(), makeAuthority('Example Company CA'), makeAuthority('Inspect-O-Matic'), makeSelfSigned('stranger')]);
  pin = createHash('sha256').update(new X509Certificate(gateway.keys.tlsCertificatePem).publicKey.export({ type: 'spki', format: 'der' })).digest('base64url');
});
afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

/** A fault: the surroundings with it, and what takes it away (a repaired surrounding, or the fault's own end). */
interface Fault {
  readonly with: LabClient;
  readonly without: () => LabClient | Promise<LabClient>;
}
type Case = readonly [what: string, code: string, make: (open: LabOpen) => Promise<Fault>];

/** What is right in every case but the one fault. */
const well = (): LabClient => ({ profile: profileOf(service), gateways: [toldGateway(gateway, { pins: [pin] })] });
/** A fault of the surroundings alone. */
const around = (changes: LabClient): Fault => ({ with: { ...well(), ...changes }, without: well });
const pinned = (port: { readonly host: string; readonly port: number }, fingerprint: string): NonNullable<LabClient['profile']> => ({ serviceUrl: `https://${port.host}:${port.port}`, pin: fingerprint });
const byProxy = async (open: LabOpen, behaviour: ConnectProxyBehaviour, credentials: { userName: string; password: string } | null = null): Promise<Fault> => {
  const proxy = open.keep(await startConnectProxy(behaviour));
  return around({ ways: { source: 'system', ways: [{ kind: 'http-proxy', host: proxy.host, port: proxy.port, credentials }] } });
};
/** A peer in the service's place whose certificate the system trusts, at a name that leads there. */
const trustedService = async (open: LabOpen, changes: Parameters<typeof serviceAnswers>[0], certificate: Partial<Parameters<CertificateAuthority['issue']>[0]> = {}): Promise<Fault> => {
  const host = ownAddress();
  const { keyPem, certificatePem } = await company.issue({ name: host, hosts: [host], ...certificate });
  const peer = open.keep(await startTlsPeer({ key: keyPem, cert: certificatePem, ALPNProtocols: ['http/1.1'] }, { host, serve: serviceAnswers(changes) }));
  return around({ profile: { serviceUrl: `https://${host}:${peer.port}`, pin: null }, authorities: [company.certificatePem] });
};
/** The gateway's ports at an address of the case's own, some of them served by a peer of the case instead. */
const gatewayWith = async (open: LabOpen, ports: 'all' | 'proxy' | 'first', serve: (host: string, port: number) => Promise<{ stop(): unknown }>): Promise<Fault> => {
  const way = await wayTo(gateway, pin, open);
  const taken = ports === 'all' ? way.all : ports === 'proxy' ? way.proxies : way.proxies.slice(0, 1);
  const peers: { stop(): unknown }[] = [];
  for (const proxy of taken) {
    await proxy.setDown(true);
    peers.push(open.keep(await serve(way.host, proxy.port)));
  }
  return {
    with: { ...well(), gateways: [way.gateway] },
    without: async () => {
      for (const peer of peers) await peer.stop();
      for (const proxy of taken) await proxy.setDown(false);
      return { ...well(), gateways: [way.gateway] };
    },
  };
};
const gatewayDown = async (open: LabOpen, ports: 'all' | 'proxy' | 'first' | 'link'): Promise<Fault> => {
  const way = await wayTo(gateway, pin, open);
  const down = { all: way.all, proxy: way.proxies, first: way.proxies.slice(0, 1), link: [way.link] }[ports];
  for (const proxy of down) await proxy.setDown(true);
  return {
    with: { ...well(), gateways: [way.gateway] },
    without: async () => {
      for (const proxy of down) await proxy.setDown(false);
      return { ...well(), gateways: [way.gateway] };
    },
  };
};
const lineThat = async (open: LabOpen, toxics: readonly (readonly [Direction, Toxic])[]): Promise<Fault> => {
  const way = await wayTo(gateway, pin, open);
  for (const proxy of way.proxies) for (const [direction, toxic] of toxics) proxy.set(direction, toxic.kind, toxic);
  return {
    with: { ...well(), gateways: [way.gateway] },
    without: () => {
      for (const proxy of way.proxies) proxy.clear();
      return { ...well(), gateways: [way.gateway] };
    },
  };
};
/** In pieces of a packet, as a line carries them. */
const carries = (direction: Direction, bytesPerSecond: number): (readonly [Direction, Toxic])[] => [[direction, { kind: 'bandwidth', bytesPerSecond }], [direction, { kind: 'slicer', averageBytes: 1448, variationBytes: 0, delayMs: 0 }]];
const behindProxy = async (open: LabOpen, fault: (proxy: Awaited<ReturnType<typeof serviceWay>>['proxy']) => unknown): Promise<Fault> => {
  const { proxy, profile } = await serviceWay(service, open);
  await fault(proxy);
  return {
    with: { ...well(), profile: { ...profile } },
    without: async () => {
      proxy.clear();
      await proxy.setDown(false);
      return { ...well(), profile: { ...profile } };
    },
  };
};
const servicePeer = async (open: LabOpen, serve: Parameters<typeof startPeer>[0]): Promise<Fault> => {
  const peer = open.keep(await startPeer(serve));
  return around({ profile: pinned(peer, service.running.pin) });
};

const cases: readonly Case[] = [
  // This computer and its network.
  ['no network', 'device-offline', async () => around({ offline: true, profile: { serviceUrl: 'https://192.0.2.1:443', pin: null }, resolve: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })) })],
  ['a disk that is full', 'disk-full', async () => around({ freeBytes: 1024 })],
  ['a clock ten minutes behind', 'clock-of-device', async () => around({ clock: () => Date.now() - 600_000 })],
  ['a captive portal that redirects', 'captive-portal', async (open) => {
    const portal = open.keep(await startWeb(302, { location: 'http://portal.hotel.example/sign-in' }));
    const { port } = open.keep(await startPeer((socket) => socket.end('HTTP/1.1 302 Found\r\nLocation: http://portal.hotel.example/\r\n\r\n'), portal.host));
    return around({ profile: { serviceUrl: `https://mavis.example:${port}`, pin: service.running.pin }, namesLeadTo: portal.host, portalPort: portal.port });
  }],
  ['a captive portal that says so (RFC 6585)', 'captive-portal', async (open) => {
    const portal = open.keep(await startWeb(511, {}));
    return around({ profile: { serviceUrl: `https://${portal.host}:${portal.port}`, pin: service.running.pin }, portalPort: portal.port });
  }],
  ['a name server that does not answer', 'dns-broken', async () => around({ profile: { serviceUrl: 'https://mavis.example:8443', pin: null }, resolve: () => new Promise(() => undefined), namesLeadTo: ownAddress() })],
  ['a name server that fails', 'dns-broken', async () => around({ profile: { serviceUrl: 'https://mavis.example:8443', pin: null }, resolve: () => Promise.reject(Object.assign(new Error('broken'), { code: 'EAI_AGAIN' })), namesLeadTo: ownAddress() })],
  // The network's proxy.
  ['a proxy that wants a name and a password', 'proxy.authentication-required', (open) => byProxy(open, { credentials: { userName: 'aiko', password: 'right' } })],
  ['a proxy that does not take them', 'proxy.authentication-failed', (open) => byProxy(open, { credentials: { userName: 'aiko', password: 'right' } }, { userName: 'aiko', password: 'wrong' })],
  ['a proxy that refuses', 'proxy.refused', (open) => byProxy(open, { answer: 'HTTP/1.1 403 Forbidden\r\n\r\n' })],
  ['a proxy that is not there', 'proxy.unreachable', async () => around({ ways: { source: 'system', ways: [{ kind: 'http-proxy', host: ownAddress(), port: 3128, credentials: null }] } })],
  ['a proxy that says nothing', 'proxy.time-out', (open) => byProxy(open, { slowMs: 60_000 })],
  ['a proxy that is none', 'proxy.answer-invalid', (open) => byProxy(open, { answer: 'SSH-2.0-OpenSSH_9.2\r\n' })],
  ['a proxy of a kind that is not spoken', 'proxy.scheme-unsupported', async () => around({ ways: { source: 'system', ways: [{ kind: 'unsupported', scheme: 'SOCKS5', proxy: '10.0.0.1:1080' }] } })],
  // The way to the service.
  ['a name that nobody knows', 'service.name-unknown', async () => around({ profile: { serviceUrl: 'https://mavis.example:8443', pin: null }, resolve: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })) })],
  ['a service that does not run', 'service-refused', (open) => behindProxy(open, (proxy) => proxy.setDown(true))],
  ['a firewall that drops the service’s port', 'service-dropped', async (open) => around({ profile: pinned(open.keep(await startDroppingPort(ownAddress(), 0)), service.running.pin) })],
  ['a filter that resets', 'service-reset', (open) => servicePeer(open, (socket) => socket.resetAndDestroy())],
  ['a service that hangs', 'service-silent', (open) => behindProxy(open, (proxy) => proxy.set('up', 'held', { kind: 'timeout', timeoutMs: 0 }))],
  ['another program on the port', 'service-not-tls', (open) => servicePeer(open, (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))],
  ['a device that inspects TLS, against a pinned key', 'tls-inspected', async (open) => {
    const { keyPem, certificatePem } = await inspector.issue({ name: '127.0.0.1', hosts: ['127.0.0.1'] });
    const peer = open.keep(await startTlsPeer({ key: keyPem, cert: certificatePem }, { leadsTo: { host: '127.0.0.1', port: Number(new URL(service.running.url).port) } }));
    return around({ profile: pinned(peer, service.running.pin) });
  }],
  ['a key that is not the pinned one', 'service.pin-mismatch', async (open) => around({ profile: pinned(open.keep(await startTlsPeer({ key: stranger.keyPem, cert: stranger.certificatePem })), service.running.pin) })],
  ['a name server that leads elsewhere', 'service.pin-mismatch', async (open) => {
    const { host, port } = open.keep(await startTlsPeer({ key: stranger.keyPem, cert: stranger.certificatePem }));
    return around({ profile: { serviceUrl: `https://mavis.example:${port}`, pin: service.running.pin }, namesLeadTo: host });
  }],
  ['an issuer that this computer does not trust', 'service.certificate-untrusted', async (open) => {
    const trusted = await trustedService(open, {});
    return { with: { ...trusted.with, authorities: [] }, without: () => trusted.with };
  }],
  ['a certificate that expired', 'service-certificate-expired', (open) => trustedService(open, {}, { until: Date.now() - 3_600_000 })],
  ['a certificate of another name', 'service-certificate-name', (open) => trustedService(open, {}, { name: 'files.example', hosts: ['files.example'] })],
  ['a certificate that is not valid yet', 'service-certificate-early', (open) => trustedService(open, {}, { from: Date.now() + 3_600_000, until: Date.now() + 7_200_000 })],
  // The service itself.
  ['a web server in the service’s place', 'service-other', (open) => trustedService(open, { respond: () => 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>' })],
  ['a service that does not answer', 'service-overloaded', (open) => trustedService(open, { respond: () => '' })],
  ['a service that cuts', 'service-cut', async (open) => {
    const { keyPem, certificatePem, fingerprint } = await company.issue({ name: 'mavis.example', hosts: ['mavis.example'] });
    return around({ profile: pinned(open.keep(await startTlsPeer({ key: keyPem, cert: certificatePem }, { serve: (socket) => socket.once('data', () => socket.destroy()) })), fingerprint) });
  }],
  ['a service whose database is gone', 'service.database-unavailable', (open) => trustedService(open, { ready: { ok: false, database: false } })],
  ['a service that cannot store recordings', 'service-cannot-store', (open) => trustedService(open, { ready: { ok: false, recordings: false } })],
  ['a service that wants a newer app', 'service.client-too-old', (open) => trustedService(open, { about: { oldestClient: '9.0.0' } })],
  ['a service whose clock is off', 'clock-of-service', (open) => trustedService(open, { about: { serverTime: new Date(Date.now() + 3_600_000).toISOString() } })],
  ['a vendor whose time is over', 'sign-in.expired', async () => around({ account: { status: 'signed-out', reason: { code: 'sign-in.expired', args: {}, reference: null } } })],
  // The way to the gateway.
  ['a gateway whose name nobody knows', 'gateway-name-unknown', async () => around({ gateways: [toldGateway(gateway, { pins: [pin], host: 'gw.example' })], resolve: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })) })],
  ['a gateway that does not run', 'gateway-down', (open) => gatewayDown(open, 'all')],
  ['one proxy port refused', 'ports-refused', (open) => gatewayDown(open, 'first')],
  ['all proxy ports refused, 443 open', 'ports-refused', (open) => gatewayDown(open, 'proxy')],
  ['443 refused, the proxy ports open', 'link-port-closed', (open) => gatewayDown(open, 'link')],
  ['all ports dropped', 'gateway-dropped', (open) => gatewayWith(open, 'all', startDroppingPort)],
  ['the proxy ports dropped', 'ports-dropped', (open) => gatewayWith(open, 'proxy', startDroppingPort)],
  ['a filter that resets the proxy ports', 'ports-reset', (open) => gatewayWith(open, 'proxy', (host, port) => startPeer((socket) => socket.resetAndDestroy(), host, port))],
  ['a gateway that hangs', 'gateway-silent', (open) => gatewayWith(open, 'all', (host, port) => startPeer(() => undefined, host, port))],
  ['a device that inspects the gateway’s ports', 'gateway-inspected', async (open) => {
    const { keyPem, certificatePem } = await inspector.issue({ name: 'gateway', hosts: ['gateway'] });
    return gatewayWith(open, 'proxy', (host, port) => startTlsPeer({ key: keyPem, cert: certificatePem, minVersion: 'TLSv1.3', ALPNProtocols: [PROXY_ALPN] }, { host, port }));
  }],
  ['a gateway with another key', 'gateway-key-changed', (open) => gatewayWith(open, 'all', (host, port) => startTlsPeer({ key: stranger.keyPem, cert: stranger.certificatePem, ALPNProtocols: [PROXY_ALPN, 'http/1.1'] }, { host, port }))],
  ['another program on a proxy port', 'gateway-other-program', (open) => gatewayWith(open, 'first', (host, port) => startPeer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'), host, port))],
  ['a device that knows no TLS 1.3', 'gateway-tls-old', (open) => gatewayWith(open, 'proxy', (host, port) => startTlsPeer({ key: stranger.keyPem, cert: stranger.certificatePem, maxVersion: 'TLSv1.2' }, { host, port }))],
  ['a name server that leads a gateway’s name elsewhere', 'gateway-key-changed', async (open) => {
    const way = await gatewayWith(open, 'all', (host, port) => startTlsPeer({ key: stranger.keyPem, cert: stranger.certificatePem, ALPNProtocols: [PROXY_ALPN, 'http/1.1'] }, { host, port }));
    const [told] = way.with.gateways ?? [];
    return around({ gateways: [toldGateway(gateway, { pins: [pin], host: 'gw.example' })], namesLeadTo: told?.place?.host ?? '' });
  }],
  ['a slow line', 'gateway-slow', (open) => lineThat(open, [['down', { kind: 'latency', latencyMs: 450, jitterMs: 0 }]])],
  ['a line that is narrow from the gateway', 'gateway-narrow', (open) => lineThat(open, carries('down', 60_000))],
  ['a line that is narrow to the gateway', 'gateway-narrow', (open) => lineThat(open, carries('up', 16_000))],
  ['a line that is narrow both ways', 'gateway-narrow', (open) => lineThat(open, [...carries('up', 60_000), ...carries('down', 60_000)])],
];

describe('S43-S46, S64-S71: the first finding is the cause, and it goes with the fault', () => {
  test.concurrent.each(cases)('%s: %s', async (_what, code, make) => {
    const open = new LabOpen();
    try {
      const fault = await make(open);
      await finds(fault.with, (run) => expectCause(run, code));
      await finds(await fault.without(), (run) => expect(codesOf(run)).toEqual([]));
    } finally {
      await open.stop();
    }
  });
});

describe('two faults at once', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['a disk that is full', 'a service that does not run'],
    ['a disk that is full', 'one proxy port refused'],
    ['a service that does not run', 'a gateway that does not run'],
    ['a service that hangs', 'the proxy ports dropped'],
    ['a key that is not the pinned one', 'a filter that resets the proxy ports'],
    ['a proxy that wants a name and a password', 'a gateway with another key'],
    ['a service whose database is gone', 'another program on a proxy port'],
    ['a service that wants a newer app', 'a slow line'],
    ['a vendor whose time is over', 'all proxy ports refused, 443 open'],
    ['a certificate that expired', 'a device that inspects the gateway’s ports'],
  ];
  test.concurrent.each(pairs)('%s, and %s: both are named', async (first, second) => {
    const open = new LabOpen();
    try {
      const [one, other] = [first, second].map((name) => cases.find(([what]) => what === name));
      if (one === undefined || other === undefined) throw new Error('no such case');
      const [faulty, gatewayFault] = [await one[2](open), await other[2](open)];
      const { gateways, profile } = gatewayFault.with;
      const both: LabClient = second.startsWith('a service') ? { ...faulty.with, ...(profile === undefined ? {} : { profile }) } : { ...faulty.with, ...(gateways === undefined ? {} : { gateways }) };
      await finds(both, (run) => expect(codesOf(run).toSorted()).toEqual([one[1], other[1]].toSorted()));
    } finally {
      await open.stop();
    }
  });
});

describe('nothing wrong', () => {
  test(`no finding, ${CLEAN_RUNS} times, before the sign-in`, { timeout: CLEAN_RUNS * 20_000 }, async () => {
    for (let run = 0; run < CLEAN_RUNS; run += 1) {
      await finds(well(), ({ findings, milliseconds, results }) => {
        expect(findings).toEqual([]);
        expect(milliseconds).toBeLessThan(10_000);
        expect(results.filter(({ subject, outcome }) => subject.kind === 'gateway' && outcome.status === 'found')).toHaveLength(8);
      });
    }
  });
});
