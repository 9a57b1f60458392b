import type { IpcAnswer } from '../../../shared/ipc/contract.ts';
import { resourceId } from '../../../shared/ids.ts';
import { type ForeignClient, foreignClientId } from '../../../shared/ipc/stores.ts';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import type { Harness } from './scripted-mavis.ts';

type Noted = <Args, T>(name: string, run: (args: Args) => Promise<IpcAnswer<T>>) => (args: Args) => Promise<IpcAnswer<T>>;

const ID = foreignClientId.parse('77777777-7777-4777-8777-777777777777');
const OPTIONS = '-o HostKeyAlias=mavis-66666666-6666-4666-8666-666666666666 -o UserKnownHostsFile=/home/tanaka/.config/MAVIS/ssh/known_hosts -o StrictHostKeyChecking=yes';
const RDP_COMMAND = `xfreerdp /home/tanaka/.config/MAVIS/rdp/${ID}.rdp /cert:fingerprint:sha256:${Array.from({ length: 32 }, (_, at) => at.toString(16).padStart(2, '0')).join(':')}`;

/** What main answers of the user's own programs; in the scene `foreign-refused` the rules do not let them in. */
export function foreignClientCalls(scene: string, noted: Noted, patch: Harness['patch']) {
  return {
    open: noted('foreignClients.open', async ({ resourceId: asked, kind }: Parameters<WindowApi['foreignClients']['open']>[0]) => {
      if (scene === 'foreign-refused') return { ok: false as const, code: 'access.foreign-client-not-allowed', args: {}, reference: null };
      const client: ForeignClient = {
        id: ID, profileName: 'nishi', profileColour: 'blue', resourceId: resourceId.parse(asked), resourceName: 'aws-web-00005', protocols: kind === 'ssh' ? ['ssh', 'sftp'] : [kind], by: 'port',
        commands: kind === 'vnc' ? [{ program: 'vncviewer', text: 'vncviewer 127.0.0.1::40123' }] : kind === 'rdp' ? [{ program: 'xfreerdp', text: RDP_COMMAND }] : [
          { program: 'ssh', text: `ssh -p 40123 ${OPTIONS} mavis@127.0.0.1` },
          { program: 'sftp', text: `sftp -P 40123 ${OPTIONS} mavis@127.0.0.1` },
          { program: 'scp', text: `scp -P 40123 ${OPTIONS} FILE mavis@127.0.0.1:` },
          { program: 'rsync', text: `rsync -e 'ssh -p 40123 ${OPTIONS}' FILE mavis@127.0.0.1:` },
        ],
        phase: { status: 'waiting', until: new Date(Date.now() + 299_000).toISOString() },
      };
      patch('foreignClients', ['items', ID], client);
      return { ok: true as const, value: { foreignClientId: ID, password: kind === 'rdp' ? null : kind === 'vnc' ? '7Q2KM4HZ' : '7Q2KM-4HZXT-9WPB3-CJ5RD-8NVE6' } };
    }),
    end: noted('foreignClients.end', async ({ foreignClientId: id }: Parameters<WindowApi['foreignClients']['end']>[0]) => {
      patch('foreignClients', ['items', id, 'phase'], { status: 'ended', at: new Date().toISOString(), error: null });
      return { ok: true as const, value: {} };
    }),
  };
}
