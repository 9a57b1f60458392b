import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installCommand } from '../../../src-main/gateways/gateway-setup.ts';
import { unitSettings } from '../../fixtures/unit-file.ts';

const packaging = join(import.meta.dirname, '../../../packaging');
const unit = readFileSync(join(packaging, 'gateway/mavis-gateway.service'), 'utf8');

describe('S36: the gateway’s systemd unit', () => {
  const service = unitSettings(unit).get('Service');

  test('may bind 443 and nothing else of root’s, and writes only its own folder', () => {
    expect(Object.fromEntries(['User', 'AmbientCapabilities', 'CapabilityBoundingSet', 'NoNewPrivileges', 'ProtectSystem', 'ProtectHome', 'StateDirectory', 'StateDirectoryMode', 'UMask'].map((key) => [key, service?.get(key)]))).toEqual({
      User: 'mavis-gateway', AmbientCapabilities: 'CAP_NET_BIND_SERVICE', CapabilityBoundingSet: 'CAP_NET_BIND_SERVICE', NoNewPrivileges: 'yes', ProtectSystem: 'strict', ProtectHome: 'yes', StateDirectory: 'mavis-gateway', StateDirectoryMode: '0700', UMask: '0077',
    });
  });

  test('starts what the install command of the management page set up: same account, same folder, same name', () => {
    const command = installCommand({ configuration: '{}', signature: '', signingKey: '' });
    expect(service?.get('ExecStart')).toBe('/usr/bin/mavis-gateway start --data /var/lib/mavis-gateway');
    expect(command).toContain(`sudo -u ${service?.get('User') ?? ''} mavis-gateway init`);
    expect(command).toContain('--data /var/lib/mavis-gateway');
    expect(command).toContain('systemctl enable --now mavis-gateway');
    expect(unitSettings(unit).get('Install')?.get('WantedBy')).toBe('multi-user.target');
  });
});

describe('the central service’s systemd unit', () => {
  const settings = unitSettings(readFileSync(join(packaging, 'service/mavis-service.service'), 'utf8'));
  const service = settings.get('Service');

  test('is held as tightly as the gateway’s: the same settings but for names and the time to stop', () => {
    const own = ['User', 'Group', 'ExecStart', 'EnvironmentFile', 'StateDirectory', 'TimeoutStopSec'];
    const of = (all: ReadonlyMap<string, string> | undefined) => Object.fromEntries([...(all ?? [])].filter(([key]) => !own.includes(key)));
    expect(of(service)).toEqual(of(unitSettings(unit).get('Service')));
    expect(Object.fromEntries(own.map((key) => [key, service?.get(key)]))).toEqual({
      User: 'mavis-service', Group: 'mavis-service', ExecStart: '/usr/bin/mavis-service start --data /var/lib/mavis-service', EnvironmentFile: '-/etc/mavis-service/environment', StateDirectory: 'mavis-service', TimeoutStopSec: '20',
    });
  });

  test('no secret stands in it', () => {
    expect([...(service?.keys() ?? [])].filter((key) => key === 'Environment')).toEqual([]);
  });
});
