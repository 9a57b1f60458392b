import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { bareConnection } from '../fixtures/hostile-proxy-client.ts';
import { TestGateway } from '../fixtures/running-gateway.ts';

test('B5: ten thousand half-open connections: the service\'s status stays under a second, clients connect, memory comes back', { timeout: 120_000 }, async () => {
  const gateway = await TestGateway.start();
  const open: Socket[] = [];
  try {
    const ports = [gateway.running.linkPort, ...gateway.running.proxyPorts];
    const slowest: number[] = [];
    for (let at = 0; at < 10_000; at += 200) {
      open.push(...(await Promise.all(Array.from({ length: 200 }, (_none, one) => bareConnection(ports[one % 4] ?? 0, `127.2.${Math.floor((at + one) / 60)}.${1 + (one % 60)}`)))));
      const begun = performance.now();
      await gateway.link.ask('status', { epoch: 0 });
      slowest.push(performance.now() - begun);
    }
    expect(Math.max(...slowest)).toBeLessThan(1000);
    const begun = performance.now();
    const { client } = await gateway.session();
    console.log(`status at most ${Math.max(...slowest).toFixed(1)} ms; a session in ${(performance.now() - begun).toFixed(0)} ms; ${Math.round(process.memoryUsage.rss() / 1024 ** 2)} MiB resident (attacker and gateway in one process)`);
    client.destroy();
    // 2,000 in all are kept; the older ones were dropped.
    for (const socket of open) socket.resume();
    await expect.poll(() => open.filter(({ destroyed }) => destroyed).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(8000);
  } finally {
    for (const socket of open) socket.destroy();
    await gateway.stop();
  }
});
