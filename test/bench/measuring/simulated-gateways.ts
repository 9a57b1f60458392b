/**
 * A process with many simulated gateways: each listens on a port of its own, with real TLS and the real link. Its parent gives
 * their number as the argument and speaks with it over the inherited channel (`simulated-gateways-contract.ts`).
 */
import { randomUUID } from 'node:crypto';
import { gatewayId } from '../../../shared/ids.ts';
import { LinkGateway } from '../../fixtures/link-gateway.ts';
import { simulatedCommand } from './simulated-gateways-contract.ts';

const count = Number(process.argv[2]);
const gateways: LinkGateway[] = [];
const asked: number[][] = [];
let requests: Record<string, number> = {};
let begunMs = performance.now();

for (let made = 0; made < count; made += 1) {
  const gateway = await LinkGateway.start();
  const times: number[] = [];
  asked.push(times);
  gateway.gatewayId = gatewayId.parse(randomUUID());
  gateway.remembers = false;
  gateway.onAsked = (method) => {
    requests[method] = (requests[method] ?? 0) + 1;
    if (method === 'status') times.push(performance.now());
  };
  gateways.push(gateway);
}

process.on('message', (message) => {
  if (simulatedCommand.parse(message).ask === 'begin') {
    for (const times of asked) times.length = 0;
    requests = {};
    begunMs = performance.now();
    return;
  }
  const nowMs = performance.now();
  const longestMs = asked.map((times) => Math.max(...[...times, nowMs].map((atMs, place) => atMs - (times[place - 1] ?? begunMs))));
  process.send?.({ kind: 'report', statuses: asked.map(({ length }) => length), longestMs, requests });
});
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'ready', gateways: gateways.map(({ gatewayId: id, port, tls, signingSpki }) => ({ id, port, tls: tls.spki, signing: signingSpki })) });
