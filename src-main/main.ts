import { randomInt, randomUUID } from 'node:crypto';
import { homedir, hostname, networkInterfaces, tmpdir, userInfo } from 'node:os';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { app, type BrowserWindow, clipboard, ipcMain, type MessagePortMain, nativeTheme, powerMonitor, protocol, safeStorage, session, shell } from 'electron';
import { asMavisError, type MavisError } from '../shared/errors/mavis-error.ts';
import type { Profile, StoreName } from '../shared/ipc/stores.ts';
import { createTranslator, type TextLanguage, textLanguage, type Translator } from '../shared/languages/translate.ts';
import { Account } from './account/account.ts';
import { ClientKey } from './account/client-key.ts';
import { readHandOver } from './account/sign-in-pipe.ts';
import { AppCommands } from './command-line/app-commands.ts';
import { CommandServer } from './command-line/command-server.ts';
import { commandEndpoint } from './command-line/endpoint.ts';
import { readMavisCommand } from './command-line/mavis-command.ts';
import { startMavisCommand } from './command-line/start-command.ts';
import { KeyFileChoice } from './credentials/key-file-choice.ts';
import { readDiagnoseCommand } from './diagnostics/diagnose-command.ts';
import { Diagnosis } from './diagnostics/diagnosis.ts';
import { DiagnosticsDesks } from './diagnostics/diagnostics-desks.ts';
import { KnownGateways } from './diagnostics/known-gateways.ts';
import { recentLog } from './diagnostics/recent-log.ts';
import { RunHistory } from './diagnostics/run-history.ts';
import { startDiagnose } from './diagnostics/start-diagnose.ts';
import { SignedInWork } from './account/signed-in-work.ts';
import { answerBundleRequest, bundleFiles } from './app-protocol/bundle-files.ts';
import { BUNDLE_SCHEME } from './app-protocol/bundle-origin.ts';
import { EditedFolders } from './files/edited-folders.ts';
import { JournalFolders } from './files/journal-folders.ts';
import { explainedLine } from './foreign-clients/explained-line.ts';
import { DesktopFiles } from './foreign-clients/desktop-files.ts';
import { ForeignClients } from './foreign-clients/foreign-clients.ts';
import { HostKeys } from './foreign-clients/host-keys.ts';
import { writeSshFile } from './foreign-clients/ssh-files.ts';
import { GatewayList } from './gateways/gateway-list.ts';
import { IndexThread } from './inventory/index-thread.ts';
import { Inventory } from './inventory/inventory.ts';
import { MarkedResources } from './inventory/resource-marks.ts';
import { createHandlers } from './ipc/handlers.ts';
import { registerIpcContract } from './ipc/ipc-border.ts';
import { ExternalLinks } from './links/external-links.ts';
import { DEEP_LINK_SCHEME } from './links/deep-link.ts';
import { DeepLinks, EarlyLinks } from './links/deep-links.ts';
import { crashMessages } from './logging/crashes.ts';
import { createLog, type Log } from './logging/log.ts';
import { PageFaults } from './logging/page-faults.ts';
import { RotatingFile } from './logging/rotating-file.ts';
import { RunMark } from './logging/run-mark.ts';
import { type WindowAction, WindowMenus } from './menus/window-menus.ts';
import { LogWork } from './logs/log-work.ts';
import { nativeNotifications } from './notifications/native-notifications.ts';
import { Notifications } from './notifications/notifications.ts';
import { placeOf } from './network/place-of.ts';
import { ProxySignOn } from './network/proxy-sign-on.ts';
import { systemSecretStore } from './network/secret-store.ts';
import { WaysOut } from './network/ways-out.ts';
import { Playbacks } from './playback/playbacks.ts';
import { ClipboardDownloads } from './files/clipboard-downloads.ts';
import { ClipboardUploads } from './files/clipboard-uploads.ts';
import { VideoExports } from './playback/video-exports.ts';
import { isDisabled, lockedSettings, managedProxy, type Policy } from './policy/policy.ts';
import { readPolicyFile } from './policy/policy-file.ts';
import { readPolicy } from './policy/policy-of-system.ts';
import { Profiles } from './profiles/profiles.ts';
import { readCertificateThroughProxies } from './service-client/proxied-certificate.ts';
import { CONNECT_TIMEOUT_MS } from './service-client/checked-agent.ts';
import { pinOf, systemAuthorities } from './service-client/certificate-trust.ts';
import { ServiceClient, type ServiceNetwork } from './service-client/service-client.ts';
import { NetworkWatch } from './sessions/network-watch.ts';
import { makeForwardingOffer } from './sessions/forwarding/forwarding-offer.ts';
import { Reopening } from './sessions/reopening.ts';
import { SessionProcesses } from './sessions/session-process-handle.ts';
import { Sessions } from './sessions/sessions.ts';
import { createSessionChannel, forkSessionProcess } from './sessions/utility-session-process.ts';
import { endInOrder } from './quitting.ts';
import { readSettingsFile, Settings } from './settings/settings.ts';
import { readStartConfiguration, sessionProcessEnvironment, type StartConfiguration } from './start-configuration.ts';
import { JsonFile } from './stored-files/json-file.ts';
import { saveTextFile } from './stored-files/text-file.ts';
import { createStores } from './stores/owned-store.ts';
import { InstallAtEnd } from './updates/install-at-end.ts';
import { installedPackage } from './updates/installed-package.ts';
import { startDetached } from './updates/update-installer.ts';
import { builtInUpdateKeys, updateAbility } from './updates/update-ability.ts';
import { UpdateRecord } from './updates/update-record.ts';
import { updateSource } from './updates/update-source.ts';
import { Updates } from './updates/updates.ts';
import { nativeTray } from './tray/native-tray.ts';
import { TrayIcon } from './tray/tray-icon.ts';
import { AppWindows } from './windows/app-windows.ts';
import { fileDialogs } from './windows/file-dialogs.ts';
import { zoomedPercent } from './windows/page-zoom.ts';
import { Questions } from './windows/questions.ts';
import { RememberedBounds } from './windows/window-bounds.ts';
import { WindowFactory } from './windows/window-factory.ts';
import { denyPermissions, hardenContents } from './windows/window-hardening.ts';
import { WindowRegistry } from './windows/window-registry.ts';

/** The locale that a remote shell is told: its language, with UTF-8, which CJK widths need. */
const SHELL_LOCALE: Readonly<Record<TextLanguage, string>> = { en: 'C.UTF-8', ja: 'ja_JP.UTF-8', 'zh-Hant': 'zh_TW.UTF-8' };
const RANDOM_STEPS = 2 ** 32;

const clock = (): number => Date.now();
const random = (): number => randomInt(RANDOM_STEPS) / RANDOM_STEPS;

const configuration = readStartConfiguration(app.commandLine.getSwitchValue('user-data-dir'), process.env, process.cwd());
// Read once; no process that we start inherits it.
delete process.env['MAVIS_SIGN_IN_FD'];
if (configuration.userDataFolder !== undefined) app.setPath('userData', configuration.userDataFolder);
app.enableSandbox();
protocol.registerSchemesAsPrivileged([{ scheme: BUNDLE_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } }]);

const diagnose = readDiagnoseCommand(process.argv, app.getAppPath());
const command = readMavisCommand(process.argv, app.getAppPath());
if (diagnose !== undefined) startDiagnose(diagnose);
else if (command !== undefined) void startMavisCommand(command, configuration.userDataFolder);
else if (app.requestSingleInstanceLock()) start(configuration);
else app.quit();

function start(startConfiguration: StartConfiguration): void {
  const logFile = new RotatingFile(join(app.getPath('userData'), 'logs'), clock);
  const log = createLog([logFile.write, ...(app.isPackaged ? [] : [(line: string) => process.stderr.write(line)])], clock, process.pid);
  const giveUp = async (message: string, error: unknown): Promise<void> => {
    log.error(message, { code: 'internal' }, error);
    await logFile.flush();
    app.exit(1);
  };
  // The state is unknown from here on: the sessions' processes end with us, and the next start finds what is on disk.
  process.on('uncaughtException', (error) => void giveUp(crashMessages.main, error));
  app.on('child-process-gone', (_event, { type, reason, exitCode }) => {
    // Sessions' processes are killed when they are done; one that goes by itself is told of by its session.
    if (type !== 'Utility') log.warn(crashMessages.child, { reason: `${type}: ${reason}`, exitCode });
  });
  // macOS gives a link that started the app before the app is ready.
  const openedByLink = new EarlyLinks();
  app.on('open-url', (event, url) => {
    event.preventDefault();
    openedByLink.give(url);
  });
  // A page that anything else would ever open is held as strictly as ours.
  app.on('web-contents-created', (_event, contents) => hardenContents(contents, log));
  app
    .whenReady()
    .then(() => run(startConfiguration, log, logFile, openedByLink))
    .catch((error: unknown) => giveUp('start failed', error));
}

/** Makes the parts, hands each what it needs, and starts them; at the end stops them in reverse. */
async function run(startConfiguration: StartConfiguration, log: Log, logFile: RotatingFile, openedByLink: EarlyLinks): Promise<void> {
  const development = !app.isPackaged;
  const inUserData = (name: string): JsonFile => new JsonFile(join(app.getPath('userData'), name), clock);
  log.info('starting', { version: app.getVersion(), engine: engine(), platform: process.platform });

  const files = bundleFiles(join(import.meta.dirname, '../renderer'));
  protocol.handle(BUNDLE_SCHEME, (request) => answerBundleRequest(files, request));
  denyPermissions(session.defaultSession, log);

  // Policies of tests lie elsewhere; an installed app reads only what its system's administrator can write.
  const managed: Policy = startConfiguration.policyFolder === undefined || app.isPackaged ? await readPolicy(process.platform, process.env['SystemRoot']) : readPolicyFile(startConfiguration.policyFolder, process.getuid?.());
  for (const problem of managed.problems) log.error('policy not used as a whole', { code: problem.code }, problem);
  const settingsFile = inUserData('settings.json');
  const readSettings = readSettingsFile(settingsFile, log);
  const stores = createStores(readSettings.settings);
  const settings = new Settings(stores.settings, settingsFile, readSettings.unknown, lockedSettings(managed));
  const language = (): TextLanguage => textLanguage(settings.current.language, app.getLocale());
  const translator = (): Translator => createTranslator(language());

  const load = (file: JsonFile): unknown => {
    const stored = file.readAtStart();
    if (stored.status === 'broken') log.warn('file unreadable, kept aside', { code: 'client.settings-unreadable', file: stored.keptAs ?? '' });
    return stored.status === 'read' ? stored.value : undefined;
  };
  const runFile = inUserData('run.json');
  const runMark = new RunMark(runFile, log, clock);
  runMark.begin(load(runFile), app.getVersion());
  const profilesFile = inUserData('profiles.json');
  const profiles = new Profiles(stores.profiles, profilesFile, randomUUID);
  profiles.load(load(profilesFile), log);
  const { serviceUrl: managedServiceUrl, serviceName: managedName, servicePins } = managed.settings;
  // They hold for this run also where they cannot be kept.
  const notKept = (error: unknown): void => log.warn('profiles not written', {}, error);
  await profiles.useManaged(managedServiceUrl === undefined ? undefined : { serviceUrl: managedServiceUrl, name: managedName, pins: servicePins, proxy: managedProxy(managed.settings.proxy) }).catch(notKept);
  const marksFile = inUserData('marks.json');
  const marks = new MarkedResources(marksFile, clock);
  marks.load(load(marksFile) ?? { profiles: {} }, log);
  const boundsFile = inUserData('windows.json');
  const bounds = new RememberedBounds(boundsFile, log);
  bounds.load(load(boundsFile));

  const proxiesFile = inUserData('proxies.json');
  const proxySignOn = new ProxySignOn({ store: stores.network, secrets: systemSecretStore(safeStorage, process.platform), file: proxiesFile, newId: randomUUID, monotonic: () => performance.now(), log });
  proxySignOn.load(load(proxiesFile));
  const waysOut = new WaysOut({ resolveSystem: (url) => session.defaultSession.resolveProxy(url), environment: process.env, signOn: proxySignOn, log });
  const networkOf = ({ proxy }: Pick<Profile, 'proxy'>): ServiceNetwork => ({
    waysOut: (place) => waysOut.find({ ...place, setting: proxy }),
    renewSignOn: (name, used) => proxySignOn.renew(name, used),
  });

  const clientKey = new ClientKey(clock);
  // Read at the first connection, while the window is drawn already: the system's store takes a tenth of a second.
  let readAuthorities: readonly string[] | undefined;
  const authorities = (): readonly string[] => (readAuthorities ??= systemAuthorities());
  const index = new IndexThread(join(import.meta.dirname, 'index-worker.js'));
  const inventory = new Inventory({ store: stores.inventory, index, marks, log });
  const gateways = new GatewayList({ store: stores.gateways, log, role: () => (stores.account.state.status === 'signed-in' ? stores.account.state.user.role : undefined) });
  const logWork = new LogWork({ store: stores.logWork, newId: randomUUID, clock });
  const work = new SignedInWork({ inventory, gateways, profiles, changes: stores.changes, logWork, log, random, onLost: (error) => account.lose(error) });
  const account = new Account({
    store: stores.account, profiles, clientKey, clock, log,
    connect: (profile) => new ServiceClient({ serviceUrl: profile.serviceUrl, pin: pinOf(profile), authorities: authorities(), clientKey, clock, network: networkOf(profile) }),
    onChange: (signedIn) => work.change(signedIn),
  });

  const registry = new WindowRegistry();
  const menus = new WindowMenus({ registry, translator, development, run: (window, does) => runAction(window, does) });
  const questions = new Questions(translator, () => windows.main);
  const factory = new WindowFactory({ preload: join(import.meta.dirname, '../preload/preload.cjs'), development, registry, bounds, clock, log, isDark: () => nativeTheme.shouldUseDarkColors, zoomPercent: () => settings.current.zoomPercent, askReload: (window) => questions.reload(window) });
  const processes = new SessionProcesses(() => forkSessionProcess(join(import.meta.dirname, 'session-process.js'), sessionProcessEnvironment(process.env)));
  const clipboardUploads = new ClipboardUploads();
  const windows: AppWindows = new AppWindows({
    factory, registry,
    isConnected: (id) => sessions.isConnected(id),
    onSessionWindowClosed: (id) => {
      sessions.windowClosed(id);
      void clipboardUploads.drop(id);
    },
    onDiagnosisWindowClosed: (id) => diagnostics.windowClosed(id),
    onOpened: (window, role) => menus.set(window, role),
    dragIcon: join(app.getAppPath(), 'assets', 'tray', 'tray-light.png'),
  });
  const journals = new JournalFolders(join(app.getPath('userData'), 'transfers'), log);
  void journals.sweep(clock());
  const dragOutFolder = join(app.getPath('userData'), 'drag-out');
  // What an app that was killed had fetched for a drag: there is only one of this folder.
  void rm(dragOutFolder, { recursive: true, force: true }).catch((error: unknown) => log.warn('dragged files not deleted', {}, error));
  const editedFolders = new EditedFolders(join(app.getPath('userData'), 'edited'), log);
  void editedFolders.sweep(clock());
  const sessions = new Sessions<MessagePortMain>({
    store: stores.sessions, inventory, processes, clock, log,
    signedIn: () => account.require(),
    mayEndOthers: () => stores.account.state.status === 'signed-in' && (stores.account.state.user.role === 'admin' || stores.account.state.user.role === 'operator'),
    identity: clientKey.identity,
    networkOf,
    windows: { open: (id, spoken) => windows.openSession(id, spoken), show: (id) => windows.showSession(id), toggleFullScreen: (id) => windows.toggleFullScreen(id), startDrag: (id, paths) => windows.startDrag(id, paths), givePort: (id, port) => windows.givePort(id, port) },
    createChannel: createSessionChannel,
    keptPort: (port) => port,
    environment: () => ({ LANG: SHELL_LOCALE[language()], COLORTERM: 'truecolor' }),
    forwarding: (policy) => makeForwardingOffer({ policy, settings: settings.current, environment: process.env, platform: process.platform, homeFolder: homedir(), hostName: hostname() }),
    homeFolder: homedir(),
    journals, dragOutFolder, editedFolders,
    trash: (path) => shell.trashItem(path),
    openFile: async (path) => {
      const problem = await shell.openPath(path);
      if (problem !== '') throw new Error('no program opened the file');
    },
    askUpload: (paths) => questions.upload(paths),
    newId: randomUUID,
    monotonic: () => performance.now(),
  });
  const hostKeysFile = inUserData('ssh-host-keys.json');
  const hostKeys = new HostKeys(hostKeysFile);
  hostKeys.load(load(hostKeysFile));
  const writeKnownHosts = (): Promise<string> => writeSshFile(app.getPath('userData'), 'known_hosts', hostKeys.knownHosts);
  const desktopFiles = new DesktopFiles(app.getPath('userData'));
  await desktopFiles.clear().catch((error: unknown) => log.warn('files of ports that are no more could not be taken away', {}, error));
  const foreignClients = new ForeignClients({
    store: stores.foreignClients, sessions, inventory, hostKeys, desktopFiles, clock, log,
    signedIn: () => account.require(),
    writeKnownHosts,
    explain: (error) => explainedLine(translator(), error),
    ownUser: process.getuid?.(),
    platform: process.platform,
    newId: randomUUID,
  });
  stores.account.onPatch(() => {
    if (account.signedIn === undefined) foreignClients.endWaiting();
  });
  const appCommands = new AppCommands({ inventory, foreignClients, hostKeys, writeKnownHosts, signedIn: () => account.require(), writeConfiguration: (text) => writeSshFile(app.getPath('userData'), 'config', text) });
  const commandServer = new CommandServer({
    endpoint: commandEndpoint(app.getPath('userData'), { platform: process.platform, temporaryFolder: tmpdir(), user: process.getuid?.() }),
    user: process.getuid?.(),
    answer: (request) => appCommands.answer(request),
    log,
  });
  // The app does its work without the command line too; who types a command is told that it is not reached.
  if (!isDisabled(managed, 'own-programs')) commandServer.start().catch((error: unknown) => log.warn('the command line is not listened for', { code: asMavisError(error).code }, error));
  // After sleep or in another network the old connections are dead without a word: each session asks at once (rule 10), and what the service told meanwhile is caught up.
  const lookAgain = (): void => {
    sessions.checkLines();
    work.renewEvents();
  };
  const network = new NetworkWatch(networkInterfaces, lookAgain);
  network.start();
  powerMonitor.on('resume', lookAgain);
  const playbacks = new Playbacks(randomUUID);
  const videoExports = new VideoExports(randomUUID);
  const clipboardDownloads = new ClipboardDownloads(randomUUID);

  const gatewaysFile = inUserData('known-gateways.json');
  const knownGateways = new KnownGateways(gatewaysFile, log);
  knownGateways.load(load(gatewaysFile));
  const historyFile = inUserData('diagnosis-history.json');
  const runHistory = new RunHistory(historyFile, log);
  runHistory.load(load(historyFile));
  const diagnosis = new Diagnosis({
    clocks: { clock, monotonic: () => performance.now() },
    clientKey, waysOut, known: knownGateways,
    get authorities() {
      return authorities();
    },
    account: (id) => (id === stores.profiles.state.selected ? stores.account.state : { status: 'signed-out', reason: null }),
    signedIn: (id) => (account.signedIn?.profile.id === id ? account.signedIn.client : undefined),
    interfaces: networkInterfaces,
    userDataFolder: app.getPath('userData'),
    clientVersion: app.getVersion(),
    platform: `${process.platform} ${process.arch}`,
  });
  const diagnostics: DiagnosticsDesks = new DiagnosticsDesks({
    store: stores.diagnostics, diagnosis, history: runHistory, log, translator,
    selected: () => profiles.selected,
    session: (id) => stores.sessions.state.items[id],
    profileOfSession: (id) => profiles.byId(sessions.profileOf(id)),
    resourceName: async (id) => (await inventory.find(id)).name,
    windows: { show: (id) => windows.showDiagnosis(id), close: (id) => windows.closeDiagnosis(id), sendPatch: (id, patch) => windows.sendDiagnosisPatch(id, patch) },
    names: () => [userInfo().username, account.signedIn?.userName ?? '', profiles.selected?.userName ?? ''],
    recentLog: () => recentLog(join(app.getPath('userData'), 'logs'), clock()),
  });
  // Who has signed out leaves nothing of what was found for him; where the service ended the sign-in, that is being looked into.
  stores.account.onPatch(() => {
    if (stores.account.state.status === 'signed-out' && stores.account.state.reason === null) diagnostics.forget();
  });

  const links = new ExternalLinks({
    log,
    openExternal: (url) => shell.openExternal(url),
    copy: async (text) => clipboard.writeText(text),
    ask: (link) => questions.link(link),
  });

  const deepLinks = new DeepLinks({
    allowed: !isDisabled(managed, 'deep-links'),
    log,
    ready: () => stores.account.state.status === 'signed-in' && stores.inventory.state.status === 'ready',
    find: (id) => inventory.find(id),
    showMain: () => windows.showMain(),
    ask: (question) => questions.deepLink({ ...question, service: profiles.selected?.name ?? '' }),
    connect: (link) => {
      proxySignOn.allowAsking();
      return sessions.connect(link);
    },
    tell: (error) => questions.tell(error),
    monotonic: () => performance.now(),
  });
  for (const name of ['account', 'inventory'] as const) stores[name].onPatch(() => deepLinks.proceed());
  const reopenFile = inUserData('open-sessions.json');
  const reopening = new Reopening({
    sessions: stores.sessions, file: reopenFile, log,
    profile: () => account.signedIn?.profile.id,
    ready: () => stores.account.state.status === 'signed-in' && stores.inventory.state.status === 'ready',
    find: (id) => inventory.find(id),
    ask: (count) => questions.reopen(count),
    connect: async ({ place, ...opened }) => {
      const id = await sessions.connect(opened);
      if (place !== undefined) windows.placeSession(id, place);
    },
    placeOf: (id) => windows.placeOfSession(id),
  });
  reopening.start(load(reopenFile));
  for (const name of ['account', 'inventory'] as const) stores[name].onPatch(() => reopening.proceed());
  // macOS and Linux know the scheme from the package; Windows from this entry of the user's. After `--` no word is taken for a switch.
  if (app.isPackaged && process.platform === 'win32') app.setAsDefaultProtocolClient(DEEP_LINK_SCHEME, process.execPath, ['--']);

  const updateRecordFile = inUserData('updates.json');
  const updateRecord = new UpdateRecord(updateRecordFile, log, randomUUID);
  updateRecord.load(load(updateRecordFile));
  const updates = new Updates({
    store: stores.updates,
    ability: updateAbility({
      policy: managed,
      keys: app.isPackaged ? builtInUpdateKeys(join(app.getAppPath(), 'package.json')) : startConfiguration.updateKeys,
      installed: installedPackage({ platform: process.platform, arch: process.arch, executable: process.execPath, resourcesFolder: process.resourcesPath, environment: process.env }),
    }),
    version: app.getVersion(),
    settings: () => settings.current,
    source: () => updateSource({ managed, selected: () => profiles.selected, networkOf, authorities }),
    record: updateRecord,
    folder: join(app.getPath('userData'), 'updates'),
    appWords: startConfiguration.userDataFolder === undefined ? [] : [`--user-data-dir=${startConfiguration.userDataFolder}`],
    clock, random, log,
    later: (milliseconds, does) => {
      const timer = setTimeout(does, milliseconds);
      timer.unref();
      return () => clearTimeout(timer);
    },
  });
  let quitAsAgreed = (): void => app.quit();
  const installAtEnd = new InstallAtEnd({
    updates, log,
    settings: () => settings.current,
    connectedCount: () => sessions.connectedCount,
    ask: (count) => questions.restart(count),
    quit: () => quitAsAgreed(),
    start: async (program) => {
      // It is another instance of this app, or replaces its files.
      app.releaseSingleInstanceLock();
      await startDetached(program, app.getPath('home'));
    },
  });

  const runAction = (window: BrowserWindow, does: WindowAction): void => {
    const sessionId = registry.find(window.webContents.id)?.sessionId;
    if (does.kind === 'page') windows.sendAction(window, does.action);
    else if (does.kind === 'zoom') settings.update({ zoomPercent: zoomedPercent(settings.current.zoomPercent, does.step) }).catch((error: unknown) => log.warn('zoom not changed', { code: asMavisError(error).code }, error));
    else if (does.kind === 'check-updates') {
      windows.sendAction(window, 'view.settings');
      // Why nothing is looked for where that is so, the page says.
      if (stores.updates.state.phase.status !== 'off') void updates.check();
    } else if (does.kind === 'sign-out') account.signOut().catch((error: unknown) => log.warn('sign-out failed', {}, error));
    else if (sessionId && does.kind === 'end-session') sessions.end(sessionId);
    else if (sessionId && does.kind === 'reconnect' && !sessions.isConnected(sessionId)) sessions.retry(sessionId);
  };
  menus.start();

  const applyTheme = (): void => {
    const { theme } = settings.current;
    nativeTheme.themeSource = theme === 'light' || theme === 'dark' ? theme : 'system';
  };
  applyTheme();
  for (const name of Object.keys(stores) as StoreName[]) stores[name].onPatch((patch) => windows.sendPatch(patch));
  stores.settings.onPatch(() => {
    applyTheme();
    windows.zoom(settings.current.zoomPercent);
    menus.refresh();
  });

  const notify = nativeNotifications();
  if (notify !== undefined) {
    new Notifications({
      stores, translator,
      show: notify,
      inSight: (id) => windows.inSight(id),
      showSession: (id) => windows.showSession(id),
      showMain: () => windows.showMain(),
      showUpdates: () => {
        windows.showMain();
        windows.sendAction(windows.main, 'view.settings');
      },
      monotonic: () => performance.now(),
    }).start();
  }

  const tray = new TrayIcon({
    stores, translator,
    folder: join(app.getAppPath(), 'assets', 'tray'),
    platform: process.platform,
    isDark: () => nativeTheme.shouldUseDarkColors,
    show: (imageFile) => nativeTray(imageFile, () => windows.showMain()),
    showMain: () => windows.showMain(),
    showSession: (id) => windows.showSession(id),
    quit: () => app.quit(),
  });
  tray.start();
  nativeTheme.on('updated', () => tray.refresh());

  let handOver: Awaited<ReturnType<typeof readHandOver>> | undefined;
  registerIpcContract({
    receiver: ipcMain,
    windows: registry,
    log,
    handlers: createHandlers({
      policy: managed, stores, settings, profiles, account, inventory, gateways, sessions, foreignClients, logWork, diagnostics, playbacks, videoExports, clipboardDownloads, clipboardUploads, updates, restartToInstall: () => installAtEnd.restart(), pageFaults: new PageFaults(log, clock), links, clipboard, proxySignOn, clock,
      logFolder: join(app.getPath('userData'), 'logs'),
      showInFolder: (path) => shell.showItemInFolder(path),
      keyFile: new KeyFileChoice(fileDialogs.keyFile),
      setMainFullScreen: (full) => windows.setMainFullScreen(full),
      runAction: (caller, actionId) => menus.runAction(caller, actionId),
      about: () => ({
        version: app.getVersion(),
        engine: engine(),
        platform: process.platform,
        language: language(),
        embedded: profiles.selected?.embedded ?? false,
        ports: profiles.selected?.embedded ? (handOver?.ports ?? null) : null,
      }),
      readFingerprint: (serviceUrl, proxy) => readCertificateThroughProxies({ ...placeOf(serviceUrl), authorities: authorities(), timeoutMs: CONNECT_TIMEOUT_MS }, networkOf({ proxy })),
      saveText: saveTextFile,
      askFolder: fileDialogs.folder,
      askFiles: fileDialogs.files,
      askSettingsFile: fileDialogs.settingsFile,
      askSavePath: fileDialogs.savePath,
    }),
  });

  // The windows close one by one then: what was open is kept as it was.
  const beginQuit = (): void => {
    reopening.freeze();
    windows.beginQuit();
  };
  quitAsAgreed = endInOrder({ sessions, windows: { beginQuit }, log, staysWithoutWindows: () => tray.shown, ask: (count) => questions.quit(count), stop: async () => {
    tray.stop();
    network.stop();
    proxySignOn.stop();
    diagnostics.stop();
    commandServer.stop();
    foreignClients.endAll();
    await sessions.stop();
    playbacks.closeAll();
    await videoExports.stop();
    await clipboardDownloads.stop();
    await account.signOut();
    work.stop();
    processes.stop();
    await index.stop();
    await updates.stop();
    // Before an update that was waiting starts the app anew: the next one would take this run for one that broke off.
    await runMark.end();
    await installAtEnd.end();
    log.info('stopped');
    await logFile.flush();
  } });
  app.on('second-instance', (_event, words) => {
    windows.showMain();
    deepLinks.openAmong(words);
  });
  app.on('activate', () => windows.showMain());

  if (startConfiguration.serviceUrl !== undefined && !isDisabled(managed, 'add-services')) await profiles.useAddress(startConfiguration.serviceUrl).catch(notKept);
  if (startConfiguration.signInDescriptor !== undefined) {
    try {
      handOver = await readHandOver(startConfiguration.signInDescriptor);
      await profiles.useEmbedded({ serviceUrl: handOver.serviceUrl, pin: handOver.pin });
    } catch (error) {
      log.error('sign-in pipe not read', { code: 'sign-in.one-time-invalid' }, error);
    }
  }
  windows.showMain();
  deepLinks.openAmong(process.argv);
  openedByLink.takeBy((link) => deepLinks.open(link));
  void tellAll(managed.problems, (error) => questions.tell(error)).catch((error: unknown) => log.error('problems of the policy not shown', {}, error));
  processes.prepare();
  updates.start();
  if (handOver) await account.signInOneTime(handOver.oneTimeSignIn).catch((error: unknown) => log.warn('one-time sign-in refused', {}, error));
}

/** One after the other, each once the one before was read. */
async function tellAll(problems: readonly MavisError[], tell: (problem: MavisError) => Promise<void>): Promise<void> {
  for (const problem of problems) await tell(problem);
}

function engine(): string {
  const { electron, chrome } = process.versions;
  return `Electron ${electron ?? ''}, Chromium ${chrome ?? ''}`;
}
