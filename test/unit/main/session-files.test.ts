import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Protocol, resourceId } from '../../../shared/ids.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { profile, type SessionId } from '../../../shared/ipc/stores.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { EditedFolders } from '../../../src-main/files/edited-folders.ts';
import { JournalFolders } from '../../../src-main/files/journal-folders.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { ServiceClient } from '../../../src-main/service-client/service-client.ts';
import type { SessionCommand, SessionReport } from '../../../src-main/sessions/session-process-contract.ts';
import { Sessions } from '../../../src-main/sessions/sessions.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';

const RESOURCE = resourceId.parse('33333333-3333-4333-8333-333333333333');
const log = createLog([], () => 0, 1);

let base: string;
let home: string;
let commands: SessionCommand[];
let asked: (readonly string[])[];
let trashed: string[];
let opened: string[];
let dragged: (readonly string[])[];
let report: (report: SessionReport) => void;
let take: (command: SessionCommand) => void;
let agrees: boolean;
let sessions: Sessions<object>;
let store: ReturnType<typeof createStores>['sessions'];

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'mavis-sessions-')));
  home = join(base, 'home');
  mkdirSync(join(home, 'in'), { recursive: true });
  for (const file of ['home/in/a', 'b']) writeFileSync(join(base, file), '');
  [commands, asked, trashed, opened, dragged, agrees] = [[], [], [], [], [], false];
  take = (command) => void commands.push(command);
  const key = new ClientKey(() => 0);
  // Nobody is there: what is looked at here comes before any answer.
  const client = new ServiceClient({ serviceUrl: 'https://127.0.0.1:9', pin: null, authorities: [], clientKey: key, clock: () => 0 });
  const known = profile.parse({ id: '22222222-2222-4222-8222-222222222222', name: 'p', colour: 'blue', serviceUrl: 'https://127.0.0.1:9', pin: null, userName: null, embedded: false });
  store = createStores(clientSettings.parse({})).sessions;
  sessions = new Sessions<object>({
    store,
    signedIn: () => ({ profile: known, client, userName: 'u' }),
    mayEndOthers: () => false,
    inventory: { find: async () => ({ id: RESOURCE, name: 'web', address: 'web', protocols: ['sftp', 'ssh'], operatingSystem: 'linux', description: '', tags: [] }), noteUse: async () => undefined },
    identity: key.identity,
    processes: { take: () => ({ send: (command) => take(command), onReport: (listener) => void (report = listener), onExit: () => undefined, kill: () => undefined }) },
    windows: { open: (_id, protocol) => void opened.push(protocol), show: () => undefined, toggleFullScreen: () => undefined, startDrag: (_id, paths) => void dragged.push(paths), givePort: () => undefined },
    createChannel: () => ({ process: {}, page: {} }),
    keptPort: () => ({ postMessage: () => undefined, on: () => undefined, start: () => undefined, close: () => undefined }),
    networkOf: () => ({ waysOut: async () => [], renewSignOn: async () => false }),
    environment: () => ({}),
    forwarding: async () => ({ agent: null, display: null }),
    openFile: async () => undefined,
    trash: async (path) => void trashed.push(path),
    askUpload: async (paths) => {
      asked.push(paths);
      return agrees;
    },
    homeFolder: home,
    journals: new JournalFolders(join(base, 'transfers'), log),
    dragOutFolder: join(base, 'drag-out'),
    editedFolders: new EditedFolders(join(base, 'edited'), log),
    newId: () => crypto.randomUUID(),
    clock: () => 0,
    monotonic: () => performance.now(),
    log,
  });
});
afterEach(async () => {
  await sessions.stop();
  rmSync(base, { recursive: true, force: true, maxRetries: 10 });
});

const connect = (): Promise<SessionId> => sessions.connect({ resourceId: RESOURCE, protocol: 'sftp' });
const allow = (id: SessionId, ...protocols: Protocol[]): void =>
  store.update((draft) => {
    const session = draft.items[id];
    if (session) session.allowedProtocols = protocols;
  });
const sent = <Kind extends SessionCommand['kind']>(kind: Kind): SessionCommand[] => commands.filter((command) => command.kind === kind);

describe('what main does for the window of a target\'s files', () => {
  test('S20: a session is told where its transfers are kept, and where one before left some', async () => {
    await connect();
    await expect.poll(() => sent('transfer-journals')).toMatchObject([{ left: [] }]);
    const [first] = sent('transfer-journals');
    if (first?.kind !== 'transfer-journals') throw new Error('not told');
    mkdirSync(first.folder, { recursive: true });
    await sessions.stop();
    await connect();
    await expect.poll(() => sent('transfer-journals').at(-1)).toMatchObject({ left: [first.folder] });
  });

  test('A27: what is dropped from the granted folder goes to the process; from elsewhere only where the user says so', async () => {
    const id = await connect();
    const drop = (...paths: string[]): Promise<boolean> => sessions.uploadDropped(id, { paths, folder: '/srv', conflict: 'ask', verify: false });
    expect(await drop(join(home, 'in/a'))).toBe(true);
    expect(asked).toEqual([]);
    expect(await drop(join(home, 'in/a'), join(base, 'b'))).toBe(false);
    agrees = true;
    expect(await drop(join(base, 'b'))).toBe(true);
    expect(asked).toEqual([[join(base, 'b')], [join(base, 'b')]]);
    expect(sent('upload')).toMatchObject([{ paths: [join(home, 'in/a')], folder: '/srv' }, { paths: [join(base, 'b')] }]);
    // Another folder that he grants moves the border.
    sessions.grantFolder(id, join(home, 'in'));
    agrees = false;
    mkdirSync(join(home, 'out'));
    expect(await drop(join(home, 'out'))).toBe(false);
  });

  test('A27: what goes to the trash lies in the granted folder, whatever place a page names', async () => {
    const id = await connect();
    await sessions.trash(id, ['in'], ['a']);
    symlinkSync(base, join(home, 'door'));
    await expect(sessions.trash(id, ['door'], ['b'])).rejects.toMatchObject({ code: 'files.local-permission' });
    expect(trashed).toEqual([join(home, 'in/a')]);
  });

  test('A27: what is dragged out of the window is named by its number, and lies where the process said; what has gone, or was never ready, is not dragged', async () => {
    const id = await connect();
    await expect(sessions.dragOut(id, 1)).rejects.toMatchObject({ code: 'request.not-found' });
    report({ kind: 'drag-outs', ready: [{ id: 1, paths: [join(home, 'in/a'), join(base, 'b')] }, { id: 2, paths: [join(base, 'gone')] }] });
    await sessions.dragOut(id, 1);
    await expect(sessions.dragOut(id, 2)).rejects.toMatchObject({ code: 'files.local-missing' });
    expect(dragged).toEqual([[join(home, 'in/a'), join(base, 'b')]]);
    report({ kind: 'drag-outs', ready: [] });
    await expect(sessions.dragOut(id, 1)).rejects.toMatchObject({ code: 'request.not-found' });
  });

  test('what was fetched to be dragged goes with its session, and each session has a folder of its own for it', async () => {
    const folders: string[] = [];
    const stopped = Promise.withResolvers<void>();
    take = (command) => {
      if (command.kind !== 'transfer-journals') return;
      folders.push(command.dragOutFolder);
      mkdirSync(command.dragOutFolder, { recursive: true });
      for (let name = 0; name < 50; name += 1) writeFileSync(join(command.dragOutFolder, String(name)), '');
      if (folders.length === 2) stopped.resolve(sessions.stop());
    };
    await connect();
    await connect();
    await stopped.promise;
    expect(new Set(folders).size).toBe(2);
    // The app ends right after.
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false]);
  });

  test('copies of files that were edited go with their session; those with changes that were not taken back stay', async () => {
    let folder = '';
    const stopped = Promise.withResolvers<void>();
    take = (command) => {
      if (command.kind !== 'transfer-journals') return;
      folder = command.editedFolder;
      for (const name of ['same', 'changed']) {
        mkdirSync(join(folder, `copy-${name}`), { recursive: true });
        writeFileSync(join(folder, `copy-${name}`, name), 'one');
        const { size, mtimeMs, ino } = statSync(join(folder, `copy-${name}`, name));
        writeFileSync(join(folder, `copy-${name}.json`), JSON.stringify({ name, size, mtimeMs, ino }));
      }
      writeFileSync(join(folder, 'copy-changed/changed'), 'changed');
      stopped.resolve(sessions.stop());
    };
    await connect();
    await stopped.promise;
    expect(readdirSync(folder).toSorted()).toEqual(['copy-changed', 'copy-changed.json']);
  });

  test('S20: a terminal opens on the same resource in a window of its own; a folder that a shell could take for keys opens none, and another kind of session neither', async () => {
    const id = await connect();
    allow(id, 'sftp', 'ssh');
    await sessions.openTerminal(id, '/srv/reports');
    expect(opened).toEqual(['sftp', 'ssh']);
    await expect(sessions.openTerminal(id, '/srv/\u0003id\r')).rejects.toMatchObject({ code: 'request.conflict' });
    await expect(sessions.openTerminal(await sessions.connect({ resourceId: RESOURCE, protocol: 'ssh' }), '/srv')).rejects.toMatchObject({ code: 'request.conflict' });
    expect(opened).toEqual(['sftp', 'ssh', 'ssh']);
  });

  test('rule 21: a page that asks for a terminal where the user has no access over SSH opens none, also before the service has answered', async () => {
    const id = await connect();
    await expect(sessions.openTerminal(id, '/srv/reports')).rejects.toMatchObject({ code: 'access.protocol-not-allowed', args: { protocol: 'ssh' } });
    allow(id, 'sftp');
    await expect(sessions.openTerminal(id, '/srv/reports')).rejects.toMatchObject({ code: 'access.protocol-not-allowed' });
    expect(opened).toEqual(['sftp']);
  });
});
