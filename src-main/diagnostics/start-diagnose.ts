import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { text as readAll } from 'node:stream/consumers';
import { app, safeStorage, session } from 'electron';
import { Redaction } from '../../shared/diagnostics/redaction.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { createTranslator, textLanguage } from '../../shared/languages/translate.ts';
import { ClientKey } from '../account/client-key.ts';
import { createLog } from '../logging/log.ts';
import { ProxySignOn } from '../network/proxy-sign-on.ts';
import { systemSecretStore } from '../network/secret-store.ts';
import { WaysOut } from '../network/ways-out.ts';
import { Profiles } from '../profiles/profiles.ts';
import { pinOf, systemAuthorities } from '../service-client/certificate-trust.ts';
import { ServiceClient } from '../service-client/service-client.ts';
import { readSettingsFile } from '../settings/settings.ts';
import { JsonFile } from '../stored-files/json-file.ts';
import { saveTextFile } from '../stored-files/text-file.ts';
import { createStores } from '../stores/owned-store.ts';
import { randomUUID } from 'node:crypto';
import { type DiagnoseCommand, exitCodes, resourceByName, runDiagnoseCommand, signInClient } from './diagnose-command.ts';
import { Diagnosis } from './diagnosis.ts';
import { KnownGateways } from './known-gateways.ts';
import { recentLog } from './recent-log.ts';
import { RunHistory } from './run-history.ts';

/** The command line's diagnosis: no window, no lock of the one instance, the app's files read and none but the report written. Ends the process. */
export function startDiagnose(command: DiagnoseCommand): void {
  // The engine's own files, which an app that runs holds, lie elsewhere meanwhile.
  const engineFolder = mkdtempSync(join(tmpdir(), 'mavis-diagnose-'));
  app.setPath('sessionData', engineFolder);
  void endWith(command, engineFolder);
}

async function endWith(command: DiagnoseCommand, engineFolder: string): Promise<void> {
  let code: number = exitCodes.misused;
  try {
    await app.whenReady();
    code = await diagnose(command);
  } catch (error) {
    process.stderr.write(`${error instanceof MavisError ? error.code : 'internal'}\n`);
  } finally {
    rmSync(engineFolder, { recursive: true, force: true });
    app.exit(code);
  }
}

async function diagnose(command: DiagnoseCommand): Promise<number> {
  const clock = (): number => Date.now();
  const silent = createLog([], clock, process.pid);
  const inUserData = (name: string): JsonFile => new JsonFile(join(app.getPath('userData'), name), clock);
  const load = (name: string): unknown => {
    const stored = inUserData(name).readAtStart();
    return stored.status === 'read' ? stored.value : undefined;
  };
  const { settings } = readSettingsFile(inUserData('settings.json'), silent);
  const stores = createStores(settings);
  const writesNothing = { write: async () => undefined };
  const profiles = new Profiles(stores.profiles, writesNothing, randomUUID);
  profiles.load(load('profiles.json'), silent);
  const signOn = new ProxySignOn({ store: stores.network, secrets: systemSecretStore(safeStorage, process.platform), file: writesNothing, newId: randomUUID, monotonic: () => performance.now(), log: silent });
  signOn.load(load('proxies.json'));
  const known = new KnownGateways(writesNothing, silent);
  known.load(load('known-gateways.json'));
  const history = new RunHistory(writesNothing, silent);
  history.load(load('diagnosis-history.json'));
  const waysOut = new WaysOut({ resolveSystem: (url) => session.defaultSession.resolveProxy(url), environment: process.env, signOn, log: silent });
  const clientKey = new ClientKey(clock);
  const authorities = systemAuthorities();
  const profile = profiles.selected;
  let client: ServiceClient | undefined;
  const diagnosis = new Diagnosis({
    clocks: { clock, monotonic: () => performance.now() },
    clientKey, authorities, waysOut, known,
    account: () => stores.account.state,
    signedIn: () => client,
    interfaces: networkInterfaces,
    userDataFolder: app.getPath('userData'),
    clientVersion: app.getVersion(),
    platform: `${process.platform} ${process.arch}`,
  });
  const translator = createTranslator(textLanguage(settings.language, app.getLocale()));
  const times = new Intl.DateTimeFormat(translator.language, { dateStyle: 'medium', timeStyle: 'medium' });
  const names = [userInfo().username, profile?.userName ?? '', command.kind === 'diagnose' ? (command.user ?? '') : ''].filter((name) => name !== '');
  try {
    return await runDiagnoseCommand(command, {
      since: (run) => (profile === undefined ? null : history.since(profile.id, run)),
      diagnose: (resource) => diagnosis.run({ profile, resource, signal: new AbortController().signal }),
      findResource: async ({ resource, user, protocol }) => {
        if (profile === undefined) throw new MavisError('request.not-found');
        const made = new ServiceClient({ serviceUrl: profile.serviceUrl, pin: pinOf(profile), authorities, clientKey, clock, network: { waysOut: (place) => waysOut.find({ ...place, setting: profile.proxy }), renewSignOn: async () => false } });
        const password = (await readAll(process.stdin)).split('\n')[0] ?? '';
        await signInClient(made, clientKey, user ?? '', password);
        client = made;
        return resourceByName(made, resource ?? '', protocol);
      },
      words: { translator, redaction: new Redaction({ names, addresses: [], hideAddresses: false }), log: await recentLog(join(app.getPath('userData'), 'logs'), clock()), when: (at) => times.format(new Date(at)) },
      print: (text) => process.stdout.write(text),
      complain: (text) => process.stderr.write(text),
      save: saveTextFile,
    });
  } finally {
    client?.close();
  }
}
