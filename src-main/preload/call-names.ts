import type { IpcContract } from '../../shared/ipc/contract.ts';

/**
 * The calls of the contract by name, written out so that the preload carries no schemas (and no library) into the page's
 * process. A name that is not of the contract does not compile; one that is missing fails a test.
 */
export const callNames = {
  app: ['about', 'openLink', 'copyText', 'reportFault', 'readClipboardText', 'runAction'],
  stores: ['read'],
  settings: ['update', 'managed', 'export', 'import', 'reset'],
  ownLog: ['read', 'openFolder'],
  updates: ['check', 'download', 'install', 'showFile'],
  profiles: ['add', 'update', 'remove', 'select', 'readFingerprint'],
  account: ['signIn', 'signOut', 'changePassword'],
  network: ['answerProxy'],
  resources: ['query', 'setFavourite'],
  gateways: ['refresh', 'installation', 'saveConfiguration', 'readPastedKey'],
  credentials: ['chooseKeyFile', 'save'],
  sessions: ['connect', 'watch', 'endWatched', 'cancel', 'retry', 'answerPrompt', 'tryNow', 'end', 'show', 'openPort', 'toggleFullScreen'],
  foreignClients: ['open', 'end'],
  files: ['chooseFolder', 'uploadDropped', 'trash', 'dragOut', 'openTerminal'],
  clipboardFiles: ['choose', 'read', 'begin', 'append', 'end'],
  logs: ['export', 'dropExport', 'prove', 'dropProof'],
  playback: ['open', 'read', 'close', 'saveAsciicast', 'beginVideo', 'appendVideo', 'endVideo', 'setFullScreen'],
  diagnostics: ['run', 'runOne', 'watch', 'ofSession', 'ofResource', 'report', 'sendReport', 'saveReport'],
  service: [
    'diagnosisReportList', 'diagnosisReport',
    'recordingList', 'recordingVerify', 'auditList', 'errorLogList', 'connectionList', 'connectionTerminate', 'gatewayList', 'gatewayHistory', 'serviceKeysRead', 'serviceKeyRotate', 'serviceKeySwitch', 'serviceKeyFinish', 'tunnelRead', 'tunnelUpdate', 'tunnelApplies',
    'gatewayRegister', 'gatewayEnterKey', 'gatewayRotateKey', 'gatewaySwitchKey', 'gatewayUpdate', 'gatewayRemove', 'segmentRename', 'credentialList', 'credentialUpdate', 'credentialRemove', 'resourceTags', 'resourceTagsChange', 'resourceCreate', 'resourceUpdate', 'resourceRemove',
    'userList', 'userCreate', 'userUpdate', 'userEnable', 'userRevokeTokens', 'accessRuleMatches', 'accessRuleTry', 'accessRuleCreate', 'accessRuleUpdate', 'accessRuleRemove', 'userDisable', 'userUnlock', 'userResetPassword', 'accessRuleList', 'resourceRead', 'resourceConnectionTest', 'resourceConfirmIdentity',
  ],
} as const satisfies { readonly [Subject in keyof IpcContract]: readonly (keyof IpcContract[Subject])[] };
