import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyConfiguration } from '../../../src-gateway/configuration/configuration-file.ts';
import { lockDataFolder } from '../../../src-gateway/configuration/data-folder-lock.ts';
import { defaultSettings, parseSettings } from '../../../src-gateway/configuration/gateway-settings.ts';
import { ensureGatewayKeys } from '../../../src-gateway/keys/gateway-keys.ts';
import { allowedFields } from '../../../src-gateway/logging/logger.ts';
import { makeConfiguration, makeServiceKeys, signedConfigurationText } from '../../fixtures/signed-gateway-configuration.ts';

describe('the configuration file (S36)', () => {
  const service = makeServiceKeys();
  const configuration = makeConfiguration(service, ['A'.repeat(43)], { link: 8444, proxy: [17993, 17994, 17995] });
  const good = signedConfigurationText(service, configuration);

  test('a signed file is taken as it is', () => {
    expect(verifyConfiguration(good).configuration).toEqual(configuration);
    expect(verifyConfiguration(good).serviceFingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  });

  test('a file that was changed, signed by a key it does not list, or is none, is refused with the field at fault', () => {
    const other = makeServiceKeys();
    const wrong: readonly [string, string][] = [
      [good.replace('office1', 'office2'), 'signature'],
      [signedConfigurationText(other, configuration), 'signingKey'],
      [JSON.stringify({ ...JSON.parse(good), signingKey: other.signingKey }), 'signature'],
      [JSON.stringify({ ...JSON.parse(good), signature: '' }), 'signature'],
      [JSON.stringify({ ...JSON.parse(good), signingKey: 'AAAA' }), 'signature'],
      ['{}', 'configuration'],
      ['', 'file'],
      [signedConfigurationText(service, { ...configuration, listen: { ...configuration.listen, linkPort: 0 } }), 'listen.linkPort'],
    ];
    for (const [text, field] of wrong) expect(() => verifyConfiguration(text)).toThrow(expect.objectContaining({ code: 'gateway.configuration-invalid', args: { field } }));
  });
});

describe('settings', () => {
  test('one bad key falls back and is told, the others hold', () => {
    const { settings, fallenBack } = parseSettings(JSON.stringify({ maxSessions: 5, logLevel: 'loud', unknown: 1, toString: 2, metrics: { port: 9464 } }));
    expect(settings).toEqual({ ...defaultSettings(), maxSessions: 5, metrics: { port: 9464 } });
    expect(fallenBack).toEqual(['logLevel', 'unknown', 'toString']);
  });

  test('a file that is no JSON object is an error, not the defaults', () => {
    for (const text of ['', '{', '[]x', '"text"', '3']) expect(() => parseSettings(text)).toThrow(expect.objectContaining({ code: 'gateway.configuration-invalid' }));
  });
});

describe('keys and folder', () => {
  test('S38: keys are made once, closed to others, and read again; damaged ones are never made anew', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-keys-'));
    try {
      const made = await ensureGatewayKeys(join(folder, 'keys'), new Date());
      const again = await ensureGatewayKeys(join(folder, 'keys'), new Date());
      expect([made.made, again.made]).toEqual([true, false]);
      expect(again.keys.publicKeys).toEqual(made.keys.publicKeys);
      expect((await stat(join(folder, 'keys'))).mode & 0o777).toBe(0o700);
      for (const name of ['tls-key.pem', 'tls-certificate.pem', 'signing-key.pem']) expect((await stat(join(folder, 'keys', name))).mode & 0o777).toBe(0o600);
      await writeFile(join(folder, 'keys', 'tls-key.pem'), 'damaged');
      await expect(ensureGatewayKeys(join(folder, 'keys'), new Date())).rejects.toThrow(/PEM|DECODER|unsupported/i);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });

  test('a lock that a process left behind is taken over, also where its number runs again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-lock-'));
    try {
      const path = join(folder, 'lock');
      for (const left of [JSON.stringify({ process: 2 ** 22 - 1, begun: '1' }), JSON.stringify({ process: 1, begun: 'another time' }), 'cut', '']) {
        await writeFile(path, left);
        const unlock = await lockDataFolder(path);
        expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ process: process.pid });
        await unlock();
      }
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });

  test('who looks while it is taken sees no lock or a whole one, never one that seems left behind; nothing else stays in the folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-lock-'));
    const path = join(folder, 'lock');
    const seen = new Set<string>();
    try {
      for (let round = 0; round < 20; round += 1) {
        const taken: { unlock?: () => Promise<void> } = {};
        const taking = lockDataFolder(path).then((unlock) => (taken.unlock = unlock));
        while (taken.unlock === undefined) {
          if (existsSync(path)) seen.add(readFileSync(path, 'utf8'));
          await new Promise(setImmediate);
        }
        await taking;
        expect(readdirSync(folder)).toEqual(['lock']);
        await taken.unlock();
      }
      expect([...seen].filter((text) => !text.endsWith('}'))).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});

describe('the log', () => {
  test('B16: only listed fields are logged, an error without its text', () => {
    const secret = 'hunter2';
    const fields = { address: '10.0.0.1', code: 'x'.repeat(500), password: secret, grant: { secret }, error: Object.assign(new SyntaxError(`Unexpected token in ${secret}`, { cause: new Error(secret) }), { code: 'EBAD' }) };
    const kept = allowedFields(fields);
    expect(JSON.stringify(kept)).not.toContain(secret);
    expect(kept).toMatchObject({ address: '10.0.0.1', errorName: 'SyntaxError', errorCode: 'EBAD', causeName: 'Error' });
    expect(kept['code']).toHaveLength(200);
  });
});
