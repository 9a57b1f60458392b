import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installCommand } from '../../../src-main/gateways/gateway-setup.ts';

const unit = readFileSync(join(import.meta.dirname, '../../../packaging/gateway/mavis-gateway.service'), 'utf8');

/** The settings of a unit by section, in the form of systemd.syntax(7): no line continuation, no setting twice. */
function settingsOf(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  for (const line of text.split('\n').filter((one) => one.trim() !== '' && !one.startsWith('#'))) {
    const name = /^\[(\w+)\]$/.exec(line)?.[1];
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) sections.set(name, (section = new Map()));
    else if (section === undefined || key === undefined || value === undefined || section.has(key)) throw new Error(`not a line of a unit: ${line}`);
    else section.set(key, value);
  }
  return sections;
}

describe('S36: the gateway’s systemd unit', () => {
  const service = settingsOf(unit).get('Service');

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
    expect(settingsOf(unit).get('Install')?.get('WantedBy')).toBe('multi-user.target');
  });
});
