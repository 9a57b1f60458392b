import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Subject } from '../../../shared/diagnostics/check-result.ts';
import { pingAnswer, type PingAnswer } from '../../../shared/link/messages.ts';
import type { ClientIdentity } from '../../account/client-key.ts';
import type { WayOut } from '../../network/way-out.ts';
import { openGatewayTls } from '../../sessions/gateway-dial.ts';
import { type Check, type Clocks, type Found, outcomeOf } from '../check.ts';
import { seenGateway } from '../tls-probe.ts';
import { openWay } from '../way-to-service.ts';
import { CLOCK_TOLERANCE_MS, clockDifference } from './service-api.ts';

const TLS_LIMIT_MS = 2500;
const ANSWER_LIMIT_MS = 2000;
const MAX_ANSWER_BYTES = 16 * 1024;

export interface GatewayPingParts {
  readonly subject: Extract<Subject, { kind: 'gateway' }>;
  readonly host: string;
  readonly linkPort: number;
  readonly pins: readonly string[];
  readonly identity: ClientIdentity;
  readonly waysOut: () => Promise<readonly WayOut[]>;
  readonly lookup?: LookupFunction | undefined;
  readonly clocks: Clocks;
}

/** What the gateway says of itself on its link port: its clock, and which of its ports are open and carry what. */
export function gatewayPing({ subject, host, linkPort, pins, identity, waysOut, lookup, clocks }: GatewayPingParts): Check {
  return {
    id: `ping ${subject.gatewayId}`, check: 'ping', subject, leg: 'L2',
    limitMs: 8000,
    run: async (signal, tries): Promise<Found> => {
      const proxies = (await waysOut()).filter(({ kind }) => kind !== 'direct');
      const opened = await openWay({ host, port: linkPort }, [{ kind: 'direct' }, ...proxies], lookup, tries, signal);
      if (opened.kind !== 'open') return { notRun: 'earlier-step', detail: opened.kind === 'closed' ? opened.outcome : opened.error.code };
      let socket: TLSSocket;
      try {
        socket = await openGatewayTls({ socket: opened.socket }, { gateway: subject.name, identity, signal, timeoutMs: TLS_LIMIT_MS, alpn: ['http/1.1'] });
      } catch (error) {
        return { notRun: 'earlier-step', detail: outcomeOf(error) };
      }
      try {
        if (seenGateway(socket, pins).trust === 'pin') return { notRun: 'earlier-step', detail: 'gateway.pin-mismatch' };
        const askedAt = clocks.clock();
        const answer = await tries.note('http', `GET https://${host}:${linkPort}/ping`, () => ask(socket, host, signal), () => '200');
        const clockDifferenceMs = clockDifference(Date.parse(answer.time), askedAt, clocks.clock());
        const good = Math.abs(clockDifferenceMs) <= CLOCK_TOLERANCE_MS && answer.proxyPorts.every(({ open }) => open);
        return { verdict: good ? 'good' : 'bad', facts: { check: 'ping', code: null, clockDifferenceMs, ports: answer.proxyPorts.slice(0, 8) } };
      } catch {
        return { verdict: 'bad', facts: { check: 'ping', code: 'gateway.protocol-error', clockDifferenceMs: null, ports: [] } };
      } finally {
        socket.on('error', () => undefined).destroy();
      }
    },
  };
}

function ask(socket: TLSSocket, host: string, signal: AbortSignal): Promise<PingAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request({ createConnection: () => socket, path: '/ping', method: 'GET', headers: { host, connection: 'close' }, signal, timeout: ANSWER_LIMIT_MS, maxHeaderSize: 8 * 1024 });
    const timer = setTimeout(() => asked.destroy(new Error('no answer')), ANSWER_LIMIT_MS);
    asked.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    asked.once('response', (response) => {
      readAnswer(response).then(resolve, reject).finally(() => clearTimeout(timer));
    });
    asked.end();
  });
}

async function readAnswer(response: IncomingMessage): Promise<PingAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('text where bytes were expected');
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new RangeError('answer too long');
    chunks.push(chunk);
  }
  return pingAnswer.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
}
