import { describe, expect, test } from 'vitest';
import { draftOf, emptyDraft, readDraft } from '../../../src-renderer/gateways/gateway-form.tsx';
import { nextSetupStep } from '../../../src-renderer/gateways/gateway-setup.tsx';
import { compareFingerprints } from '../../../src-renderer/gateways/key-comparison.ts';
import { madeGateways } from '../../renderer/page-harness/made-gateways.ts';

const whole = { ...emptyDraft, name: 'office1-gw-3', segment: 'gateway-office1', host: 'gw3.example' };
const wrongIn = (changes: object) => {
  const read = readDraft({ ...whole, ...changes });
  return read.ok ? [] : [...read.wrong];
};

describe('the definition of a gateway', () => {
  test('S35, S59, S61: a name, a segment and an address are enough; the ports are 443 and 7993 to 7995', () => {
    expect(readDraft(whole)).toEqual({ ok: true, definition: { name: 'office1-gw-3', segment: 'gateway-office1', addresses: { host: 'gw3.example', linkPort: 443, proxyPorts: [7993, 7994, 7995] }, reachedThroughDefault: false } });
    expect(readDraft({ ...whole, reachedThroughDefault: true })).toMatchObject({ ok: true, definition: { reachedThroughDefault: true } });
    expect(readDraft({ ...whole, segment: ' ' })).toMatchObject({ ok: true, definition: { segment: null } });
  });

  test.each([
    ['name', { name: 'two words' }], ['name', { name: '' }], ['segment', { segment: 'office1' }], ['segment', { segment: 'gateway-Büro' }], ['host', { host: 'https://gw3.example' }], ['host', { host: '' }],
    ['linkPort', { linkPort: '0' }], ['linkPort', { linkPort: '4 43' }], ['proxyPorts', { proxyPorts: '' }], ['proxyPorts', { proxyPorts: '7993, 7993' }], ['proxyPorts', { proxyPorts: '1,2,3,4,5,6,7,8,9' }], ['proxyPorts', { proxyPorts: '70000' }], ['proxyPorts', { proxyPorts: '443, 7993' }],
  ])('what is wrong is told at its field: %s %j', (field, changes) => {
    expect(wrongIn(changes)).toEqual([field]);
  });

  test('a gateway that is there comes back as it was', () => {
    for (const { name, segment, addresses, ...gateway } of madeGateways()) {
      for (const reachedThroughDefault of [false, true]) expect(readDraft(draftOf({ ...gateway, name, segment, addresses, reachedThroughDefault }))).toEqual({ ok: true, definition: { name, segment, addresses, reachedThroughDefault } });
    }
  });
});

describe('S38: the fingerprint of the pasted key beside the one that init printed', () => {
  const pasted = `SHA256:${'aB3/'.repeat(10)}xyz`;
  test.each([
    ['same', pasted], ['same', ` ${pasted} `], ['same', pasted.slice('SHA256:'.length)], ['same', `gateway fingerprint ${pasted}`], ['same', `${pasted.slice(0, 20)} ${pasted.slice(20)}`],
    ['different', pasted.toLowerCase()], ['different', pasted.slice(0, -1)], ['different', `${pasted}x`], ['nothing-to-compare', ''], ['nothing-to-compare', '   '],
  ] as const)('%s: %s', (expected, printed) => {
    expect(compareFingerprints(pasted, printed)).toBe(expected);
  });

  test('without a pasted key there is nothing to compare', () => {
    expect(compareFingerprints(null, pasted)).toBe('nothing-to-compare');
  });
});

test('S34: the setup of a gateway goes on where it was left: install, synchronise, test', () => {
  const [fine, , , , , , pending] = madeGateways();
  if (!fine || !pending) throw new Error('none made');
  expect(nextSetupStep(pending)).toBe('install');
  expect(nextSetupStep({ ...pending, keyFingerprint: 'SHA256:x' })).toBe('sync');
  expect(nextSetupStep(fine)).toBe('test');
});
