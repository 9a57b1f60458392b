import { describe, expect, test } from 'vitest';
import { defaultPortPreference } from '../../../shared/gateway-configuration.ts';
import { closedProtocols, lostProtocols, preferenceOf, ranksOf, withRank } from '../../../src-renderer/gateways/port-ranks.ts';

const PORTS = [7993, 7994, 7995] as const;
const preference = defaultPortPreference(PORTS);

describe('S74, S75: the port map as it is edited', () => {
  test('read and written without a change it is the same', () => {
    expect(preferenceOf(ranksOf(preference, PORTS), PORTS)).toEqual(preference);
  });

  test('several ports of one rank are of equal preference; a rank that is left out is no step', () => {
    const ranks = withRank(withRank(ranksOf(preference, PORTS), 'ssh', 7994, 1), 'ssh', 7995, 3);
    expect(preferenceOf(ranks, PORTS)).toEqual({ ...preference, ssh: [[7993, 7994], [7995]] });
  });

  test('a port that the gateway no longer has is left out', () => {
    expect(preferenceOf(ranksOf(preference, [7993, 7994]), [7993, 7994])).toEqual({ ssh: [[7993], [7994]], sftp: [[7993], [7994]], rdp: [[7994], [7993]], vnc: [[7993, 7994]] });
  });

  test('a protocol that loses its last port is named, and no other', () => {
    let ranks = ranksOf(preference, PORTS);
    for (const port of PORTS) {
      expect(lostProtocols(ranks)).toEqual([]);
      ranks = withRank(ranks, 'vnc', port, null);
    }
    expect(lostProtocols(ranks)).toEqual(['vnc']);
    expect(lostProtocols(withRank(ranks, 'vnc', 7994, 2))).toEqual([]);
  });

  test('a protocol whose every port is closed is told apart from one that has another', () => {
    const ranks = withRank(withRank(ranksOf(preference, PORTS), 'rdp', 7993, null), 'rdp', 7995, null);
    expect(closedProtocols(ranks, [7994])).toEqual(['rdp']);
    expect(closedProtocols(ranks, [7993])).toEqual([]);
    expect(closedProtocols(ranks, [])).toEqual([]);
  });
});
