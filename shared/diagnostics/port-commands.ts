/** One tool by which ports are opened, and what is typed there. Lines are for copying: never run by this program. */
export interface PortCommands {
  readonly tool: 'ufw' | 'firewalld' | 'nftables' | 'powershell' | 'netsh' | 'macos' | 'aws' | 'google-cloud' | 'azure';
  readonly name: string;
  readonly lines: readonly string[];
}

/** Ports in ascending order, neighbours as one range: `443`, `7993-7995`. */
export function portRanges(ports: readonly number[]): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const port of [...new Set(ports)].filter((one) => Number.isInteger(one) && one > 0 && one <= 65_535).toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && port === last[1] + 1) last[1] = port;
    else ranges.push([port, port]);
  }
  return ranges;
}

const joined = (ranges: readonly (readonly [number, number])[], dash: string, comma: string): string => ranges.map(([from, to]) => (from === to ? String(from) : `${from}${dash}${to}`)).join(comma);

/**
 * The commands that let TCP ports in (S64), for the machine that listens on them or the cloud before it: Ubuntu's ufw (ufw(8)),
 * firewalld (firewall-cmd(1)), nftables (nft(8), table and chain as Debian ships them), Windows (New-NetFirewallRule, netsh
 * advfirewall), macOS (pf.conf(5), pfctl(8)), AWS (ec2 authorize-security-group-ingress), Google Cloud (compute firewall-rules
 * create), Azure (network nsg rule create). Names in capitals are the reader's to fill in. Not run on Windows, macOS or the clouds.
 */
export function portCommands(ports: readonly number[]): readonly PortCommands[] {
  const ranges = portRanges(ports);
  if (ranges.length === 0) return [];
  const each = (line: (from: number, to: number) => string): readonly string[] => ranges.map(([from, to]) => line(from, to));
  const range = (from: number, to: number, dash: string): string => (from === to ? String(from) : `${from}${dash}${to}`);
  return [
    { tool: 'ufw', name: 'Ubuntu, Debian: ufw', lines: [...each((from, to) => `sudo ufw allow ${range(from, to, ':')}/tcp`), 'sudo ufw status'] },
    { tool: 'firewalld', name: 'Red Hat, SUSE: firewalld', lines: [...each((from, to) => `sudo firewall-cmd --permanent --add-port=${range(from, to, '-')}/tcp`), 'sudo firewall-cmd --reload'] },
    { tool: 'nftables', name: 'nftables', lines: [`sudo nft add rule inet filter input tcp dport '{ ${joined(ranges, '-', ', ')} }' accept`, 'sudo nft list ruleset'] },
    { tool: 'powershell', name: 'Windows: PowerShell', lines: [`New-NetFirewallRule -DisplayName 'MAVIS' -Direction Inbound -Action Allow -Protocol TCP -LocalPort ${ranges.map(([from, to]) => `'${range(from, to, '-')}'`).join(',')}`] },
    { tool: 'netsh', name: 'Windows: netsh', lines: [`netsh advfirewall firewall add rule name="MAVIS" dir=in action=allow protocol=TCP localport=${joined(ranges, '-', ',')}`] },
    { tool: 'macos', name: 'macOS: pf', lines: [`echo 'pass in proto tcp from any to any port { ${joined(ranges, ':', ', ')} }' | sudo tee /etc/pf.anchors/mavis`, `printf 'anchor "mavis"\\nload anchor "mavis" from "/etc/pf.anchors/mavis"\\n' | sudo tee -a /etc/pf.conf`, 'sudo pfctl -f /etc/pf.conf'] },
    { tool: 'aws', name: 'AWS', lines: each((from, to) => `aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP_ID --protocol tcp --port ${range(from, to, '-')} --cidr CLIENT_NETWORK`) },
    { tool: 'google-cloud', name: 'Google Cloud', lines: [`gcloud compute firewall-rules create allow-mavis --network=NETWORK --direction=INGRESS --action=ALLOW --rules=${ranges.map(([from, to]) => `tcp:${range(from, to, '-')}`).join(',')} --source-ranges=CLIENT_NETWORK`] },
    { tool: 'azure', name: 'Azure', lines: [`az network nsg rule create --resource-group RESOURCE_GROUP --nsg-name NSG --name AllowMavis --priority 300 --direction Inbound --access Allow --protocol Tcp --source-address-prefixes CLIENT_NETWORK --destination-port-ranges ${joined(ranges, '-', ' ')}`] },
  ];
}
