import { describe, expect, test } from 'vitest';
import { availableIn, gatewayGroups, segmentNames } from '../../../src-renderer/gateways/gateway-groups.ts';
import { stateReason } from '../../../src-renderer/gateways/gateway-state-badge.tsx';
import { stateShares, stateSpans } from '../../../src-renderer/gateways/state-spans.ts';
import { gatewayHistory, gatewayState } from '../../../shared/api/gateways.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { madeGateways } from '../../renderer/page-harness/made-gateways.ts';

const word = (state: string) => `«${state}»`;
const names = (filter: string, sort: 'name' | 'state' | 'sync' | 'sessions' = 'name') => gatewayGroups(madeGateways(), filter, sort, word).map(({ segment, gateways }) => [segment, ...gateways.map(({ name }) => name)]);

describe('the list of gateways', () => {
  test('S47: is grouped by segment, several gateways in one, those without a segment last', () => {
    expect(names('')).toEqual([['gateway-aws', 'aws-gw-1', 'aws-gw-2'], ['gateway-office1', 'office1-gw-1', 'office1-gw-2'], ['gateway-taipei', 'taipei-gw-1'], ['gateway-tokyo', 'tokyo-gw-1', 'tokyo-gw-2'], [null, 'spare-gw']]);
    expect(segmentNames(madeGateways())).toEqual(['gateway-aws', 'gateway-office1', 'gateway-taipei', 'gateway-tokyo']);
  });

  test('is sorted within a segment by last sync, one that never answered first, and by sessions, one that told none last', () => {
    const [first, second, third] = madeGateways().map((gateway) => ({ ...gateway, segment: null }));
    if (!first || !second || !third) throw new Error('too few');
    const three = [
      { ...first, name: 'a', status: { ...first.status, confirmedAt: '2026-11-23T09:00:02.000Z', sessions: 2 } },
      { ...second, name: 'b', status: { ...second.status, confirmedAt: '2026-11-23T09:00:01.000Z', sessions: null } },
      { ...third, name: 'c', status: { ...third.status, confirmedAt: null, sessions: 9 } },
    ];
    const sorted = (sort: 'sync' | 'sessions') => [three, three.toReversed()].map((all) => gatewayGroups(all, '', sort, word).flatMap(({ gateways }) => gateways.map(({ name }) => name)).join(''));
    expect(sorted('sync')).toEqual(['cba', 'cba']);
    expect(sorted('sessions')).toEqual(['cab', 'cab']);
  });

  test('names in capitals are found by small letters', () => {
    const capitals = madeGateways().map((gateway) => ({ ...gateway, name: gateway.name.toUpperCase(), segment: null, addresses: { ...gateway.addresses, host: 'elsewhere' } }));
    expect(gatewayGroups(capitals, 'aws-gw-2', 'name', word).flatMap(({ gateways }) => gateways.map(({ name }) => name))).toEqual(['AWS-GW-2']);
  });

  test('is filtered by every word, in name, segment, address or the state as the page words it', () => {
    expect(names('TOKYO gw-2')).toEqual([['gateway-tokyo', 'tokyo-gw-2']]);
    expect(names('203.0.113.5')).toEqual([['gateway-aws', 'aws-gw-1']]);
    expect(names('«draining»')).toEqual([['gateway-office1', 'office1-gw-2']]);
    expect(names('nothing')).toEqual([]);
  });

  test('is sorted within a segment: worst state, oldest sync, most sessions', () => {
    expect(names('gateway-tokyo', 'state')).toEqual([['gateway-tokyo', 'tokyo-gw-1', 'tokyo-gw-2']]);
    expect(names('gateway-office1', 'state')).toEqual([['gateway-office1', 'office1-gw-2', 'office1-gw-1']]);
    expect(names('gateway-aws', 'sync')).toEqual([['gateway-aws', 'aws-gw-2', 'aws-gw-1']]);
    expect(names('gateway-tokyo', 'sessions')).toEqual([['gateway-tokyo', 'tokyo-gw-2', 'tokyo-gw-1']]);
    expect(availableIn(madeGateways())).toBe(3);
  });

  test('every state has its reason in words, in every language', () => {
    for (const language of ['en', 'ja', 'zh-Hant'] as const) for (const gateway of madeGateways()) expect(stateReason(gateway, createTranslator(language)).message).not.toMatch(/[{}]|^$/);
    const [, , degraded] = madeGateways();
    expect(degraded && stateReason(degraded, createTranslator('en')).message).toBe('The Gateway could not open these proxy ports: 7994.');
  });
});

describe('the chart of a gateway’s day', () => {
  const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
  const change = (hour: number, state: string) => ({ at: at(hour), state: gatewayState.parse(state), code: null });
  const history = (before: string | null, ...changes: [number, string][]) => gatewayHistory.parse({ from: at(0), until: at(24), before: before === null ? null : change(-5, before), changes: changes.map(([hour, state]) => change(hour, state)), complete: true });

  test('its stretches fill the day without gaps; the same state twice is one', () => {
    expect(stateSpans(history('available', [6, 'unavailable'], [6, 'unavailable'], [12, 'available'], [18, 'available']))).toEqual([
      { state: 'available', from: 0, until: 0.25 },
      { state: 'unavailable', from: 0.25, until: 0.5 },
      { state: 'available', from: 0.5, until: 1 },
    ]);
  });

  test('what is not recorded is not made up', () => {
    expect(stateSpans(history(null, [18, 'pending']))).toEqual([{ state: 'unknown', from: 0, until: 0.75 }, { state: 'pending', from: 0.75, until: 1 }]);
    expect(stateSpans(history(null))).toEqual([{ state: 'unknown', from: 0, until: 1 }]);
  });

  test('its shares add up to the whole', () => {
    expect(stateShares(stateSpans(history('available', [6, 'unavailable'], [12, 'available'])))).toEqual([{ state: 'available', share: 0.75 }, { state: 'unavailable', share: 0.25 }]);
  });
});
