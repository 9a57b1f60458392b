import { createHash, generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SignedGatewayConfiguration } from '../../../shared/gateway-configuration.ts';
import { formatGatewayKeyLine, gatewayKeyFingerprintText } from '../../../shared/gateway-key.ts';
import { gatewayId } from '../../../shared/ids.ts';
import { gatewayInstallation, installCommand, readPastedKey, saveConfigurationFile } from '../../../src-main/gateways/gateway-setup.ts';

const id = gatewayId.parse('11111111-1111-4111-8111-111111111111');
const file = (name = 'office1-gw-3'): SignedGatewayConfiguration => ({ configuration: JSON.stringify({ name, note: `quote ' " $(touch /tmp/never) \u{1F600}` }), signature: 'c2ln', signingKey: 'a2V5' });
const client = (answer: SignedGatewayConfiguration) => ({ call: async () => answer as never });
const spki = (kind: 'ec' | 'ed25519') => (kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) : generateKeyPairSync('ed25519')).publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mavis-setup-'));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

describe('the configuration file', () => {
  test('S36: is saved under the path that the user chose, readable to the user alone; the page learns only that it was', async () => {
    const path = join(folder, 'chosen.json');
    const suggested: string[] = [];
    expect(await saveConfigurationFile(client(file()), id, async (name) => {
      suggested.push(name);
      return path;
    })).toBe(true);
    expect(suggested).toEqual(['office1-gw-3.mavis-gateway.json']);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(file());
    expect((await stat(path)).mode & 0o077).toBe(0);
  });

  test('nothing is written where the user chose nothing, and a folder that cannot be written is said', async () => {
    expect(await saveConfigurationFile(client(file()), id, async () => undefined)).toBe(false);
    await expect(saveConfigurationFile(client(file()), id, async () => join(folder, 'none', 'x.json'))).rejects.toMatchObject({ code: 'client.file-not-written' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('a hostile name becomes a plain file name', async () => {
    expect((await gatewayInstallation(client(file('../../etc/passwd')), id)).fileName).toBe('etc-passwd.mavis-gateway.json');
    expect((await gatewayInstallation(client(file('東京')), id)).fileName).toBe('gateway.mavis-gateway.json');
  });

  test('S36: the one-line command brings exactly the file through a real shell, whatever is in it', async () => {
    const command = installCommand(file());
    expect(command.split('\n')).toHaveLength(1);
    const [make = '', decode = '', write = '', init = '', start = ''] = command.split(/ \| (?=sudo)| && /);
    const bytes = execFileSync('sh', ['-c', decode], { encoding: 'utf8' });
    expect(JSON.parse(bytes)).toEqual(file());
    expect([make, write, init, start]).toEqual([
      // Nothing else has made it by then: the unit waits for what init puts into it.
      'sudo install -d -m 0700 -o mavis-gateway -g mavis-gateway /var/lib/mavis-gateway',
      'sudo -u mavis-gateway tee /var/lib/mavis-gateway/received-configuration.json >/dev/null',
      'sudo -u mavis-gateway mavis-gateway init --config /var/lib/mavis-gateway/received-configuration.json --data /var/lib/mavis-gateway',
      'sudo systemctl enable --now mavis-gateway',
    ]);
  });
});

describe('what was pasted', () => {
  const keys = { tls: spki('ec'), signing: spki('ed25519') };
  const line = formatGatewayKeyLine(keys, 'office1-gw-3');
  const fingerprint = `SHA256:${createHash('sha256').update(gatewayKeyFingerprintText(keys)).digest('base64').replace(/=+$/, '')}`;

  test('S38: the line alone gives the fingerprint of its keys', () => {
    expect(readPastedKey(`  ${line}\r\n`)).toEqual({ line, fingerprint, name: 'office1-gw-3', printed: null });
  });

  test('S38: all that init printed gives the line and the fingerprint that init itself computed, not the service’s', () => {
    const printed = ['gateway office1-gw-3: link port 443', `service fingerprint SHA256:${'s'.repeat(43)}: compare it`, 'keys made in /x', `gateway fingerprint ${fingerprint}`, 'public key, to enter on the gateway management page:', line].join('\n');
    expect(readPastedKey(printed)).toEqual({ line, fingerprint, name: 'office1-gw-3', printed: fingerprint });
  });

  test.each(['', 'hello', 'mavis-gateway-key-1 short', line.slice(0, 60), `x${line}`, line.replace('key-1', 'key-2')])('no whole line gives nothing: %s', (text) => {
    expect(readPastedKey(text)).toMatchObject({ line: null, fingerprint: null });
  });

  test('a changed letter gives another fingerprint', () => {
    const changed = line.replace(keys.signing, `${keys.signing.slice(0, -2)}${keys.signing.endsWith('AA') ? 'BB' : 'AA'}`);
    expect(readPastedKey(changed).fingerprint).not.toBe(fingerprint);
  });
});
