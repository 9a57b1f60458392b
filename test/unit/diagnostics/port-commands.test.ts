import { describe, expect, test } from 'vitest';
import { portCommands, portRanges } from '../../../shared/diagnostics/port-commands.ts';

// Golden text after each tool's own documentation. Not run on Windows, macOS or in the clouds.
const linesOf = (ports: readonly number[]): Record<string, readonly string[]> => Object.fromEntries(portCommands(ports).map(({ tool, lines }) => [tool, lines]));

describe('S64: the commands that open ports', () => {
  test('neighbours are one range, in ascending order, and what is no port is left out', () => {
    expect(portRanges([7995, 443, 7993, 7994, 443, 0, 65_536, 1.5])).toEqual([[443, 443], [7993, 7995]]);
    expect(portCommands([])).toEqual([]);
  });

  test('all of 443 and 7993-7995, for each tool', () => {
    expect(linesOf([443, 7993, 7994, 7995])).toEqual({
      // ufw(8): "allow 6000:6007/tcp"
      ufw: ['sudo ufw allow 443/tcp', 'sudo ufw allow 7993:7995/tcp', 'sudo ufw status'],
      // firewall-cmd(1): "--add-port=portid[-portid]/protocol", "--permanent", "--reload"
      firewalld: ['sudo firewall-cmd --permanent --add-port=443/tcp', 'sudo firewall-cmd --permanent --add-port=7993-7995/tcp', 'sudo firewall-cmd --reload'],
      // nft(8): "add rule [family] table chain statement"; sets in braces, ranges by a dash
      nftables: ["sudo nft add rule inet filter input tcp dport '{ 443, 7993-7995 }' accept", 'sudo nft list ruleset'],
      // New-NetFirewallRule (NetSecurity): -LocalPort takes a list of ports and ranges
      powershell: ["New-NetFirewallRule -DisplayName 'MAVIS' -Direction Inbound -Action Allow -Protocol TCP -LocalPort '443','7993-7995'"],
      // netsh advfirewall firewall add rule: localport=0-65535[,...]
      netsh: ['netsh advfirewall firewall add rule name="MAVIS" dir=in action=allow protocol=TCP localport=443,7993-7995'],
      // pf.conf(5): "port { a, b:c }"; anchors are loaded by name
      macos: ["echo 'pass in proto tcp from any to any port { 443, 7993:7995 }' | sudo tee /etc/pf.anchors/mavis", `printf 'anchor "mavis"\\nload anchor "mavis" from "/etc/pf.anchors/mavis"\\n' | sudo tee -a /etc/pf.conf`, 'sudo pfctl -f /etc/pf.conf'],
      // aws ec2 authorize-security-group-ingress: --port takes one port or a range
      aws: ['aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP_ID --protocol tcp --port 443 --cidr CLIENT_NETWORK', 'aws ec2 authorize-security-group-ingress --group-id SECURITY_GROUP_ID --protocol tcp --port 7993-7995 --cidr CLIENT_NETWORK'],
      // gcloud compute firewall-rules create: --rules=PROTOCOL[:PORT[-PORT]],...
      'google-cloud': ['gcloud compute firewall-rules create allow-mavis --network=NETWORK --direction=INGRESS --action=ALLOW --rules=tcp:443,tcp:7993-7995 --source-ranges=CLIENT_NETWORK'],
      // az network nsg rule create: --destination-port-ranges takes ports and ranges separated by blanks
      azure: ['az network nsg rule create --resource-group RESOURCE_GROUP --nsg-name NSG --name AllowMavis --priority 300 --direction Inbound --access Allow --protocol Tcp --source-address-prefixes CLIENT_NETWORK --destination-port-ranges 443 7993-7995'],
    });
  });

  test('S65: only the ports that are needed', () => {
    expect(linesOf([7994])['ufw']).toEqual(['sudo ufw allow 7994/tcp', 'sudo ufw status']);
    expect(linesOf([7993, 7995])['netsh']).toEqual(['netsh advfirewall firewall add rule name="MAVIS" dir=in action=allow protocol=TCP localport=7993,7995']);
  });
});
