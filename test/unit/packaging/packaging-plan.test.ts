import { describe, expect, test } from 'vitest';
import { packagingPlan, parsePackagingOptions } from '../../../scripts/package/packaging-plan.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');
const all = { systems: ['linux', 'win', 'mac'], folderOnly: false, release: true } as const;
const whole = { CSC_LINK: 'x', APPLE_API_KEY: 'x', APPLE_API_KEY_ID: 'x', APPLE_API_ISSUER: 'x', MAVIS_UPDATE_PUBLIC_KEYS: KEY, MAVIS_HOMEPAGE: 'https://publisher.example/' };

describe('what is asked for', () => {
  test.each([['linux', 'linux'], ['win32', 'win'], ['darwin', 'mac']] as const)('without a word it is the packages of the own system (%s)', (platform, system) => {
    expect(parsePackagingOptions([], platform)).toEqual({ systems: [system], folderOnly: false, release: false });
  });

  test('a word that there is not is refused', () => {
    expect(() => parsePackagingOptions(['--windows'], 'linux')).toThrow('--windows');
    expect(parsePackagingOptions(['--win', '--mac', '--dir', '--release'], 'linux')).toEqual({ systems: ['win', 'mac'], folderOnly: true, release: true });
  });
});

describe('signing and notarisation come from the environment', () => {
  test('a release that can be signed and notarised is one that must be', () => {
    expect(packagingPlan(all, whole).config).toEqual({ forceCodeSigning: true, extraMetadata: { homepage: 'https://publisher.example/', updateKeys: [KEY] } });
  });

  test.each([
    ['CSC_LINK', 'nothing to sign'],
    ['APPLE_API_ISSUER', 'notarised'],
    ['MAVIS_UPDATE_PUBLIC_KEYS', 'update keys'],
    ['MAVIS_HOMEPAGE', 'page'],
  ])('a release without %s is refused before anything is built', (name, complaint) => {
    expect(() => packagingPlan(all, { ...whole, [name]: '' })).toThrow(complaint);
  });

  test('a build for trying out needs none of it, and takes no identity of the builder’s', () => {
    expect(packagingPlan({ ...all, release: false }, {}).config).toEqual({ forceCodeSigning: false, extraMetadata: { homepage: 'https://mavis.invalid/', updateKeys: [] }, mac: { identity: null } });
  });

  test('an update key that is none is refused, whatever is built', () => {
    expect(() => packagingPlan({ ...all, release: false }, { MAVIS_UPDATE_PUBLIC_KEYS: `${KEY},abc` })).toThrow('Ed25519');
  });
});
