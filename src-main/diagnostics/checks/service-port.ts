import type { LookupFunction } from 'node:net';
import type { TlsSeen } from '../../../shared/diagnostics/check-result.ts';
import type { WayOut } from '../../network/way-out.ts';
import { openServiceTls, type ServicePin } from '../../service-client/certificate-trust.ts';
import type { Check, Found } from '../check.ts';
import { failedHandshake, seenService } from '../tls-probe.ts';
import { openWay, type Place } from '../way-to-service.ts';

const TLS_LIMIT_MS = 2500;

export interface ServicePortParts {
  readonly place: Place;
  readonly pin: ServicePin;
  readonly authorities: readonly string[];
  readonly waysOut: () => Promise<readonly WayOut[]>;
  readonly lookup?: LookupFunction | undefined;
}

/** The service's port, over the way that the product itself would take: what TCP did, what TLS showed, and whether that is the service. */
export function servicePort({ place, pin, authorities, waysOut, lookup }: ServicePortParts): Check {
  const { host, port } = place;
  return {
    id: `port service ${port}`, check: 'port', subject: { kind: 'service' }, leg: 'L1',
    limitMs: 8000,
    run: async (signal, tries): Promise<Found> => {
      const opened = await openWay(place, await waysOut(), lookup, tries, signal);
      const facts = { check: 'port', role: 'service', host, port, pong: null } as const;
      if (opened.kind === 'proxy-failed') return { notRun: 'earlier-step', detail: opened.error.code };
      if (opened.kind === 'closed') return { verdict: 'bad', facts: { ...facts, tcp: opened.outcome, tls: null, connectMs: null } };
      const seen = await handshake({ host, port, authorities, signal, timeoutMs: TLS_LIMIT_MS }, opened.socket, pin, tries);
      if (seen === 'reset') return { verdict: 'bad', facts: { ...facts, tcp: 'reset', tls: null, connectMs: opened.milliseconds } };
      return { verdict: seen.outcome === 'done' && seen.trust === 'good' ? 'good' : 'bad', facts: { ...facts, tcp: 'open', tls: seen, connectMs: opened.milliseconds } };
    },
  };
}

async function handshake(options: Parameters<typeof openServiceTls>[0], stream: Parameters<typeof openServiceTls>[1], pin: ServicePin, tries: Parameters<Check['run']>[1]): Promise<TlsSeen | 'reset'> {
  try {
    const socket = await tries.note('tls', `${options.host}:${options.port}`, () => openServiceTls(options, stream), (opened) => opened.getProtocol() ?? 'ok');
    const seen = seenService(socket, pin);
    socket.on('error', () => undefined).destroy();
    return seen;
  } catch (error) {
    return failedHandshake(error);
  }
}
