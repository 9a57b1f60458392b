import { describe, expect, test } from 'vitest';
import { addressGroup } from '../../../shared/refused-peers/address-group.ts';
import { handshakeFault, httpFault } from '../../../shared/refused-peers/peer-fault.ts';
import { MAX_REFUSED_PEERS, RefusedPeerCounts, type RefusedPeer, type RefusedPeers } from '../../../shared/refused-peers/refused-peers.ts';

const peer = (address: string, changes: Partial<RefusedPeer> = {}): RefusedPeer => ({ address, port: 7993, code: 'hello.malformed', what: 'too-long', ...changes });

function world() {
  const written: RefusedPeers[] = [];
  const timers = new Set<() => void>();
  const disk = { takes: true };
  const counts = new RefusedPeerCounts({
    setTimer: (callback) => {
      timers.add(callback);
      return { cancel: () => void timers.delete(callback) };
    },
    write: (entry) => disk.takes && written.push(entry) > 0,
  });
  const minute = (): void => {
    for (const callback of [...timers]) {
      timers.delete(callback);
      callback();
    }
  };
  return { counts, written, timers, disk, minute, flood: (times: number, of: (time: number) => RefusedPeer) => Array.from({ length: times }, (_none, time) => counts.refused(of(time))) };
}

describe('S12, B3: peers who are sent away before anything is known of them', () => {
  test('the first of an address is told at once, the others of the minute as a count, and one that stays away for a minute is new again', () => {
    const { counts, written, minute, timers, flood } = world();
    flood(1000, () => peer('192.0.2.1', { clientKeyThumbprint: 'T' }));
    expect(written).toEqual([{ ...peer('192.0.2.1'), clientKeyThumbprint: 'T', count: 1 }]);
    minute();
    expect(written.slice(1)).toEqual([{ ...peer('192.0.2.1'), clientKeyThumbprint: 'T', count: 999 }]);
    counts.refused(peer('192.0.2.1', { clientKeyThumbprint: 'another' }));
    expect(written).toHaveLength(2);
    minute();
    expect(written[2]).toMatchObject({ address: '192.0.2.1', count: 1 });
    minute();
    expect(timers.size).toBe(0);
    counts.refused(peer('192.0.2.1'));
    expect(written).toHaveLength(4);
  });

  test('port, code and whether a key was shown are told apart; the addresses of one IPv6 network and the mapped form of an IPv4 address are not', () => {
    const { counts, written } = world();
    for (const one of [peer('192.0.2.1'), peer('192.0.2.1', { port: 443 }), peer('192.0.2.1', { code: 'hello.time-out' }), peer('::ffff:192.0.2.1'), peer('192.0.2.1', { clientKeyThumbprint: 'T' }), peer('::ffff:192.0.2.3'), peer('2001:db8::1'), peer('2001:db8::2:1')]) counts.refused(one);
    expect(written.map(({ address, port, code, clientKeyThumbprint }) => [address, port, code, clientKeyThumbprint])).toEqual([
      ['192.0.2.1', 7993, 'hello.malformed', undefined],
      ['192.0.2.1', 443, 'hello.malformed', undefined],
      ['192.0.2.1', 7993, 'hello.time-out', undefined],
      ['192.0.2.1', 7993, 'hello.malformed', 'T'],
      ['192.0.2.3', 7993, 'hello.malformed', undefined],
      ['2001:db8::1', 7993, 'hello.malformed', undefined],
    ]);
  });

  test('a scan from ten thousand addresses is a bounded number of entries and loses none of the count', () => {
    const { written, minute, flood } = world();
    for (let round = 0; round < 3; round += 1) {
      flood(10_000, (time) => peer(`10.0.${String(time % 250)}.${String(Math.floor(time / 250))}`));
      minute();
    }
    expect(written.length).toBeLessThanOrEqual(MAX_REFUSED_PEERS + 3 * (MAX_REFUSED_PEERS + 1));
    expect(written.reduce((sum, { count }) => sum + count, 0)).toBe(30_000);
    expect(written.filter(({ address }) => address === null).map(({ what, port }) => [what, port])).toEqual([['others', null], ['others', null], ['others', null]]);
  });

  test('what the disk does not take is told when it takes again, and a stop leaves nothing untold', () => {
    const { counts, written, disk, minute, timers, flood } = world();
    disk.takes = false;
    flood(3, () => peer('192.0.2.1'));
    minute();
    expect(written).toEqual([]);
    disk.takes = true;
    minute();
    expect(written).toEqual([{ ...peer('192.0.2.1'), count: 3 }]);
    flood(2, () => peer('192.0.2.1'));
    counts.close();
    expect(written[1]).toMatchObject({ count: 2 });
    expect(timers.size).toBe(0);
  });

  test.each([
    ['ERR_SSL_HTTP_REQUEST', { timedOut: false, what: 'ERR_SSL_HTTP_REQUEST' }, null],
    ['ERR_TLS_HANDSHAKE_TIMEOUT', { timedOut: true, what: 'ERR_TLS_HANDSHAKE_TIMEOUT' }, null],
    ['HPE_INVALID_METHOD', null, 'HPE_INVALID_METHOD'],
    ['ECONNRESET', null, null],
    ['EPIPE', null, null],
  ])('%s: a peer that goes away by itself is none who was sent away', (code, handshake, http) => {
    const error = Object.assign(new Error('GET /secret'), { code });
    expect(handshakeFault(error)).toEqual(handshake);
    expect(httpFault(error)).toBe(http);
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:0:7::1', '2001:db8:0:7'],
  ['2001:0db8:0000:0007:1:2:3:4', '2001:db8:0:7'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['not an address: at all', 'not an address: at all'],
])('attempts of %s are counted under %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
