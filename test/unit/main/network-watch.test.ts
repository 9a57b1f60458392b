import { expect, test } from 'vitest';
import { type Interfaces, NetworkWatch } from '../../../src-main/sessions/network-watch.ts';

type Seen = ReturnType<Interfaces>;

test('Resume: a change of the machine\'s addresses is told once, whatever their order; loopback is none', () => {
  let now: Seen = { eth0: [{ address: '192.0.2.7', internal: false }], lo: [{ address: '127.0.0.1', internal: true }] };
  let changes = 0;
  const watch = new NetworkWatch(() => now, () => (changes += 1));
  const looks: readonly (readonly [Seen, number])[] = [
    [now, 0],
    [{ lo: [{ address: '127.0.0.2', internal: true }], eth0: now['eth0'] }, 0],
    [{ wlan0: [{ address: '198.51.100.4', internal: false }] }, 1],
    [{ wlan0: [{ address: '198.51.100.4', internal: false }] }, 1],
    [{}, 2],
    [{ wlan0: [{ address: '198.51.100.4', internal: false }], tun0: [{ address: '203.0.113.9', internal: false }] }, 3],
  ];
  for (const [seen, expected] of looks) {
    now = seen;
    watch.look();
    expect(changes).toBe(expected);
  }
});
