import type { z } from 'zod';
import type { CredentialFields } from '../../shared/api/credentials.ts';
import { routes } from '../../shared/api/index.ts';
import type { Route } from '../../shared/api/route.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Account } from '../account/account.ts';
import type { KeyFileChoice } from '../credentials/key-file-choice.ts';
import type { ClipboardDownloads } from '../files/clipboard-downloads.ts';
import type { ClipboardUploads } from '../files/clipboard-uploads.ts';
import type { ForeignClients } from '../foreign-clients/foreign-clients.ts';
import { gatewayInstallation, readPastedKey, saveConfigurationFile } from '../gateways/gateway-setup.ts';
import type { GatewayList } from '../gateways/gateway-list.ts';
import type { DiagnosticsDesks } from '../diagnostics/diagnostics-desks.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { ExternalLinks } from '../links/external-links.ts';
import { ownLogFile, readOwnLog } from '../logging/own-log.ts';
import type { LogWork } from '../logs/log-work.ts';
import type { CredentialDraft } from '../../shared/ipc/credential-draft.ts';
import type { ProxySetting } from '../../shared/ipc/proxy-setting.ts';
import type { ProxySignOn } from '../network/proxy-sign-on.ts';
import type { PageFaults } from '../logging/page-faults.ts';
import { type Playbacks, saveAsciicast } from '../playback/playbacks.ts';
import type { VideoExports } from '../playback/video-exports.ts';
import { type Policy, requireFeature } from '../policy/policy.ts';
import { ProfileChoice } from '../profiles/profile-choice.ts';
import type { Profiles } from '../profiles/profiles.ts';
import type { readServiceCertificate } from '../service-client/certificate-trust.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { readSettingsValues, settingsFileText } from '../settings/settings-file.ts';
import type { Settings } from '../settings/settings.ts';
import type { Stores } from '../stores/owned-store.ts';
import type { Updates } from '../updates/updates.ts';
import { stateFor } from '../stores/window-view.ts';
import type { CallerWindow } from '../windows/window-registry.ts';
import type { IpcHandlers } from './ipc-border.ts';

/** The kinds of files that the user is asked a place for. */
export type SavedType = 'asciicast' | 'webm' | 'csv' | 'jsonl' | 'json' | 'html';

/** What the app says of itself. */
export interface About {
  readonly version: string;
  readonly engine: string;
  readonly platform: string;
  readonly language: string;
  readonly embedded: boolean;
  readonly ports: number[] | null;
}

export interface HandlerParts {
  readonly stores: Stores;
  readonly settings: Pick<Settings, 'update' | 'managed' | 'own' | 'take' | 'reset'>;
  /** Does what the menu of the window does for an action. Throws `request.not-found` where its menu has no such action. */
  readonly runAction: (caller: CallerWindow, actionId: string) => void;
  readonly profiles: Pick<Profiles, 'add' | 'update' | 'remove' | 'select' | 'selected'>;
  readonly account: Pick<Account, 'signIn' | 'signOut' | 'changePassword' | 'require'>;
  readonly inventory: Pick<Inventory, 'query' | 'setFavourite'>;
  readonly gateways: Pick<GatewayList, 'refresh'>;
  readonly sessions: Pick<Sessions<never>, 'connect' | 'watch' | 'endWatched' | 'retry' | 'tryNow' | 'answerPrompt' | 'end' | 'show' | 'openPort' | 'toggleFullScreen' | 'grantFolder' | 'uploadDropped' | 'trash' | 'openTerminal' | 'dragOut'>;
  readonly foreignClients: Pick<ForeignClients, 'open' | 'end'>;
  readonly logWork: Pick<LogWork, 'beginExport' | 'dropExport' | 'beginProof' | 'dropProof'>;
  readonly clock: () => number;
  readonly diagnostics: Pick<DiagnosticsDesks, 'deskOf' | 'storeOf' | 'openForSession' | 'openForResource' | 'forget'>;
  readonly playbacks: Pick<Playbacks, 'open' | 'read' | 'close'>;
  readonly videoExports: Pick<VideoExports, 'begin' | 'append' | 'end'>;
  readonly clipboardDownloads: Pick<ClipboardDownloads, 'begin' | 'append' | 'end'>;
  readonly clipboardUploads: Pick<ClipboardUploads, 'offer' | 'read'>;
  readonly setMainFullScreen: (full: boolean) => void;
  readonly keyFile: Pick<KeyFileChoice, 'choose' | 'read' | 'forget'>;
  readonly updates: Pick<Updates, 'check' | 'download' | 'readyFile'>;
  /** Restarts the app with the update that is ready; false where the user would rather not. Throws what `Updates.prepareInstall` does. */
  readonly restartToInstall: () => Promise<boolean>;
  /** Where the app's own log lies. */
  readonly logFolder: string;
  /** Shows a file in the system's file manager. */
  readonly showInFolder: (path: string) => void;
  readonly pageFaults: Pick<PageFaults, 'note'>;
  readonly links: Pick<ExternalLinks, 'open'>;
  readonly proxySignOn: Pick<ProxySignOn, 'answer' | 'allowAsking'>;
  readonly clipboard: { readonly writeText: (text: string) => Promise<void>; readonly readText: () => Promise<string> };
  /** What the organisation has set. */
  readonly policy: Policy;
  readonly about: () => About;
  readonly readFingerprint: (serviceUrl: string, proxy: ProxySetting) => ReturnType<typeof readServiceCertificate>;
  /** Writes a text to a path that the user chose. Throws `client.file-not-written`. */
  readonly saveText: (path: string, text: string) => Promise<void>;
  /** The folder that the user chose, or undefined. */
  readonly askFolder: () => Promise<string | undefined>;
  /** The files that the user chose; none where he chose none. */
  readonly askFiles: () => Promise<readonly string[]>;
  /** The settings file that the user chose to read in, or undefined. */
  readonly askSettingsFile: () => Promise<string | undefined>;
  /** The path that the user chose to save under, or undefined. */
  readonly askSavePath: (suggestedName: string, type: SavedType) => Promise<string | undefined>;
}

type RouteArguments<R extends Route> = { readonly params: z.output<R['params']>; readonly query: z.output<R['query']>; readonly body: z.output<R['body']> };

/** What main does for each call of the contract; the border has checked who asks and what. */
export function createHandlers(parts: HandlerParts): IpcHandlers {
  const { stores, settings, profiles, account, inventory, gateways, sessions, foreignClients, logWork, diagnostics, playbacks, videoExports, clipboardDownloads, clipboardUploads, keyFile, updates, pageFaults, links, clipboard, proxySignOn } = parts;
  /** A route of the service in the signed-in user's name; main adds token and signature. */
  const passOn = async <R extends Route>(route: R, args: RouteArguments<R>): Promise<z.output<R['response']>> => account.require().client.call(route, args);

  const choice = new ProfileChoice(parts);

  return {
    app: {
      about: () => parts.about(),
      openLink: async ({ url, shown }) => ({ opened: await links.open(url, shown) }),
      copyText: async ({ text }) => {
        await clipboard.writeText(text);
        return {};
      },
      reportFault: (fault, { role }) => {
        pageFaults.note(role, fault);
        return {};
      },
      readClipboardText: async () => ({ text: await clipboard.readText() }),
      runAction: ({ actionId }, caller) => {
        parts.runAction(caller, actionId);
        return {};
      },
    },
    stores: {
      read: ({ store }, caller) => {
        if (store === 'diagnostics') {
          const { revision, state } = diagnostics.storeOf(caller);
          return { revision, state };
        }
        const view = stateFor(caller, stores, store);
        if (!view) throw new MavisError('access.denied');
        return view;
      },
    },
    settings: {
      update: ({ changes }) => settings.update(changes),
      managed: () => ({ names: settings.managed, features: [...(parts.policy.settings.disabledFeatures ?? [])] }),
      export: async () => {
        const path = await parts.askSavePath('mavis-settings.json', 'json');
        if (path !== undefined) await parts.saveText(path, settingsFileText(settings.own));
        return { saved: path !== undefined };
      },
      import: async () => {
        const path = await parts.askSettingsFile();
        return path === undefined ? null : settings.take(await readSettingsValues(path));
      },
      reset: () => settings.reset(),
    },
    ownLog: {
      read: ({ from }) => readOwnLog(parts.logFolder, from),
      openFolder: () => {
        parts.showInFolder(ownLogFile(parts.logFolder));
        return {};
      },
    },
    updates: {
      // How they end stands in the store; waiting for the end would hold the page's call for as long as a download takes.
      check: () => {
        void updates.check();
        return {};
      },
      download: () => {
        void updates.download();
        return {};
      },
      install: async () => ({ restarting: await parts.restartToInstall() }),
      showFile: () => {
        parts.showInFolder(updates.readyFile);
        return {};
      },
    },
    profiles: {
      add: async (fields) => {
        requireFeature(parts.policy, 'add-services');
        return { profileId: await profiles.add(fields) };
      },
      update: async ({ profileId, fields }) => {
        await leaveIfSelected(parts, profileId);
        await profiles.update(profileId, fields);
        return {};
      },
      remove: async ({ profileId }) => {
        await leaveIfSelected(parts, profileId);
        await profiles.remove(profileId);
        return {};
      },
      select: async ({ profileId }) => {
        await choice.select(profileId);
        return {};
      },
      readFingerprint: ({ serviceUrl, proxy }) => {
        proxySignOn.allowAsking();
        return parts.readFingerprint(serviceUrl, proxy);
      },
    },
    account: {
      signIn: async (credentials) => {
        proxySignOn.allowAsking();
        await choice.ensure(credentials.profileId);
        await account.signIn(credentials);
        return {};
      },
      signOut: async () => {
        await account.signOut();
        return {};
      },
      changePassword: async (change) => {
        await account.changePassword(change);
        return {};
      },
    },
    network: {
      answerProxy: async ({ questionId, answer }) => {
        await proxySignOn.answer(questionId, answer);
        return {};
      },
    },
    resources: {
      query: (query) => inventory.query(query),
      setFavourite: async ({ resourceId, favourite }) => {
        await inventory.setFavourite(resourceId, favourite);
        return {};
      },
    },
    gateways: {
      refresh: async () => {
        await gateways.refresh();
        return {};
      },
      installation: ({ gatewayId }) => gatewayInstallation(account.require().client, gatewayId),
      saveConfiguration: async ({ gatewayId }) => ({ saved: await saveConfigurationFile(account.require().client, gatewayId, (suggestedName) => parts.askSavePath(suggestedName, 'json')) }),
      readPastedKey: ({ text }) => readPastedKey(text),
    },
    sessions: {
      connect: async (target) => {
        proxySignOn.allowAsking();
        return { sessionId: await sessions.connect(target) };
      },
      watch: async (watched) => {
        proxySignOn.allowAsking();
        return { sessionId: await sessions.watch(watched) };
      },
      endWatched: async ({ sessionId, reason }) => {
        await sessions.endWatched(sessionId, reason);
        return {};
      },
      cancel: ({ sessionId }) => {
        sessions.end(sessionId);
        return {};
      },
      retry: ({ sessionId }) => {
        proxySignOn.allowAsking();
        sessions.retry(sessionId);
        return {};
      },
      answerPrompt: ({ sessionId, promptId, answers }) => {
        sessions.answerPrompt(sessionId, promptId, answers);
        return {};
      },
      tryNow: ({ sessionId }) => {
        sessions.tryNow(sessionId);
        return {};
      },
      end: ({ sessionId }) => {
        sessions.end(sessionId);
        return {};
      },
      show: ({ sessionId }) => {
        sessions.show(sessionId);
        return {};
      },
      toggleFullScreen: ({ sessionId }) => {
        sessions.toggleFullScreen(sessionId);
        return {};
      },
      openPort: ({ sessionId }) => {
        sessions.openPort(sessionId);
        return {};
      },
    },
    foreignClients: {
      open: ({ resourceId, kind }) => {
        requireFeature(parts.policy, 'own-programs');
        return foreignClients.open(resourceId, kind);
      },
      end: ({ foreignClientId }) => {
        foreignClients.end(foreignClientId);
        return {};
      },
    },
    files: {
      chooseFolder: async ({ sessionId }) => {
        const folder = await parts.askFolder();
        if (folder !== undefined) sessions.grantFolder(sessionId, folder);
        return { chosen: folder !== undefined };
      },
      uploadDropped: async ({ sessionId, ...dropped }) => ({ taken: await sessions.uploadDropped(sessionId, dropped) }),
      trash: async ({ sessionId, place, names }) => {
        await sessions.trash(sessionId, place, names);
        return {};
      },
      dragOut: async ({ sessionId, dragOutId }) => {
        await sessions.dragOut(sessionId, dragOutId);
        return {};
      },
      openTerminal: async ({ sessionId, folder }) => {
        proxySignOn.allowAsking();
        await sessions.openTerminal(sessionId, folder);
        return {};
      },
    },
    clipboardFiles: {
      choose: async ({ sessionId }) => ({ files: [...(await clipboardUploads.offer(sessionId, await parts.askFiles()))] }),
      read: async ({ sessionId, place, at, bytes }) => ({ bytes: await clipboardUploads.read(sessionId, place, at, bytes) }),
      begin: async ({ files }) => {
        const folder = await parts.askFolder();
        return { transferId: folder === undefined ? null : clipboardDownloads.begin(folder, files) };
      },
      append: async ({ transferId, place, bytes }) => {
        await clipboardDownloads.append(transferId, place, bytes);
        return {};
      },
      end: async ({ transferId, whole }) => {
        await clipboardDownloads.end(transferId, whole);
        return {};
      },
    },
    playback: {
      open: async ({ recordingId }) => {
        const { playbackId, header } = await playbacks.open(account.require().client, recordingId);
        // The stream does not say how many frames will come; the page counts what it reads.
        return { playbackId, header, durationMs: header.durationMs ?? 0, frames: 0 };
      },
      read: ({ playbackId, offset }) => playbacks.read(playbackId, offset),
      close: ({ playbackId }) => {
        playbacks.close(playbackId);
        return {};
      },
      saveAsciicast: async ({ recordingId }) => {
        const { client } = account.require();
        const path = await parts.askSavePath(`${recordingId}.cast`, 'asciicast');
        if (path === undefined) return { saved: false };
        await saveAsciicast(client, recordingId, path);
        return { saved: true };
      },
      beginVideo: async ({ recordingId }) => {
        account.require();
        const path = await parts.askSavePath(`${recordingId}.webm`, 'webm');
        return { exportId: path === undefined ? null : await videoExports.begin(path) };
      },
      appendVideo: async ({ exportId, bytes }) => {
        await videoExports.append(exportId, bytes);
        return {};
      },
      endVideo: async ({ exportId, whole }) => {
        await videoExports.end(exportId, whole);
        return {};
      },
      setFullScreen: ({ full }) => {
        parts.setMainFullScreen(full);
        return {};
      },
    },
    logs: {
      export: async (asked) => {
        const { client } = account.require();
        const path = await parts.askSavePath(`mavis-${asked.log}-${new Date(parts.clock()).toISOString().slice(0, 10)}.${asked.format}`, asked.format);
        return { exportId: path === undefined ? null : logWork.beginExport(client, asked, path) };
      },
      dropExport: ({ exportId }) => {
        logWork.dropExport(exportId);
        return {};
      },
      prove: () => {
        logWork.beginProof(account.require().client);
        return {};
      },
      dropProof: () => {
        logWork.dropProof();
        return {};
      },
    },
    credentials: {
      chooseKeyFile: async () => ({ keyFile: await keyFile.choose() }),
      save: async ({ credentialId, fields }) => {
        const body = await credentialToSave(fields, keyFile);
        const saved = credentialId === null ? await passOn(routes.credentialCreate, { params: {}, query: {}, body }) : await passOn(routes.credentialReplace, { params: { credentialId }, query: {}, body });
        keyFile.forget();
        return saved;
      },
    },
    diagnostics: {
      run: (_none, caller) => {
        diagnostics.deskOf(caller).run();
        return {};
      },
      runOne: ({ id }, caller) => {
        diagnostics.deskOf(caller).runOne(id);
        return {};
      },
      watch: ({ on }, caller) => {
        diagnostics.deskOf(caller).watch(on);
        return {};
      },
      ofSession: ({ sessionId }) => {
        diagnostics.openForSession(sessionId);
        return {};
      },
      ofResource: async ({ resourceId, protocol }) => {
        await diagnostics.openForResource(resourceId, protocol);
        return {};
      },
      report: async ({ hideAddresses }, caller) => {
        const { text, html } = await diagnostics.deskOf(caller).report(hideAddresses);
        return { text, html };
      },
      sendReport: async ({ hideAddresses }, caller) => {
        const body = await diagnostics.deskOf(caller).reportToSend(hideAddresses, account.require().profile.id);
        return passOn(routes.diagnosisReportSend, { params: {}, query: {}, body });
      },
      saveReport: async ({ format, hideAddresses }, caller) => {
        const report = await diagnostics.deskOf(caller).report(hideAddresses);
        const path = await parts.askSavePath(`mavis-diagnosis-${new Date(parts.clock()).toISOString().slice(0, 10)}.${format}`, format);
        if (path === undefined) return { saved: false };
        await parts.saveText(path, report[format]);
        return { saved: true };
      },
    },
    service: {
      diagnosisReportList: (args) => passOn(routes.diagnosisReportList, args),
      diagnosisReport: (args) => passOn(routes.diagnosisReport, args),
      recordingList: (args) => passOn(routes.recordingList, args),
      recordingVerify: (args) => passOn(routes.recordingVerify, args),
      auditList: (args) => passOn(routes.auditList, args),
      errorLogList: (args) => passOn(routes.errorLogList, args),
      connectionList: (args) => passOn(routes.connectionList, args),
      connectionTerminate: (args) => passOn(routes.connectionTerminate, args),
      gatewayList: (args) => passOn(routes.gatewayList, args),
      gatewayHistory: (args) => passOn(routes.gatewayHistory, args),
      gatewayRegister: (args) => passOn(routes.gatewayRegister, args),
      gatewayEnterKey: (args) => passOn(routes.gatewayEnterKey, args),
      gatewayUpdate: (args) => passOn(routes.gatewayUpdate, args),
      gatewayRotateKey: (args) => passOn(routes.gatewayRotateKey, args),
      gatewaySwitchKey: (args) => passOn(routes.gatewaySwitchKey, args),
      gatewayRemove: (args) => passOn(routes.gatewayRemove, args),
      segmentRename: (args) => passOn(routes.segmentRename, args),
      credentialList: (args) => passOn(routes.credentialList, args),
      credentialUpdate: (args) => passOn(routes.credentialUpdate, args),
      credentialRemove: (args) => passOn(routes.credentialRemove, args),
      resourceTags: (args) => passOn(routes.resourceTags, args),
      resourceTagsChange: (args) => passOn(routes.resourceTagsChange, args),
      resourceCreate: (args) => passOn(routes.resourceCreate, args),
      resourceUpdate: (args) => passOn(routes.resourceUpdate, args),
      resourceRemove: (args) => passOn(routes.resourceRemove, args),
      userCreate: (args) => passOn(routes.userCreate, args),
      userUpdate: (args) => passOn(routes.userUpdate, args),
      userEnable: (args) => passOn(routes.userEnable, args),
      userRevokeTokens: (args) => passOn(routes.userRevokeTokens, args),
      accessRuleMatches: (args) => passOn(routes.accessRuleMatches, args),
      accessRuleTry: (args) => passOn(routes.accessRuleTry, args),
      accessRuleCreate: (args) => passOn(routes.accessRuleCreate, args),
      accessRuleUpdate: (args) => passOn(routes.accessRuleUpdate, args),
      accessRuleRemove: (args) => passOn(routes.accessRuleRemove, args),
      serviceKeysRead: (args) => passOn(routes.serviceKeysRead, args),
      serviceKeyRotate: (args) => passOn(routes.serviceKeyRotate, args),
      serviceKeySwitch: (args) => passOn(routes.serviceKeySwitch, args),
      serviceKeyFinish: (args) => passOn(routes.serviceKeyFinish, args),
      tunnelRead: (args) => passOn(routes.tunnelRead, args),
      tunnelUpdate: (args) => passOn(routes.tunnelUpdate, args),
      tunnelApplies: (args) => passOn(routes.tunnelApplies, args),
      userList: (args) => passOn(routes.userList, args),
      userDisable: (args) => passOn(routes.userDisable, args),
      userUnlock: (args) => passOn(routes.userUnlock, args),
      userResetPassword: (args) => passOn(routes.userResetPassword, args),
      accessRuleList: (args) => passOn(routes.accessRuleList, args),
      resourceRead: (args) => passOn(routes.resourceRead, args),
      resourceConnectionTest: (args) => passOn(routes.resourceConnectionTest, args),
      resourceConfirmIdentity: (args) => passOn(routes.resourceConfirmIdentity, args),
    },
  };
}

/** A credential as the service takes it: what is in a chosen file is read here. */
async function credentialToSave(fields: CredentialDraft, keyFile: Pick<KeyFileChoice, 'read'>): Promise<CredentialFields> {
  if (fields.kind !== 'key-file') return fields;
  const { keyFileId, ...others } = fields;
  return { ...others, kind: 'private-key', privateKey: await keyFile.read(keyFileId) };
}

/** A profile that is changed or removed is another service: the sign-in with the old one ends. */
async function leaveIfSelected({ profiles, account, diagnostics }: HandlerParts, profileId: string): Promise<void> {
  if (profiles.selected?.id !== profileId) return;
  await account.signOut();
  diagnostics.forget();
}
