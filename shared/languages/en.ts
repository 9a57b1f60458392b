import { administrationTextsEn } from './administration/en.ts';
import { credentialTextsEn } from './credentials/en.ts';
import { desktopTextsEn } from './desktop/en.ts';
import { diagnosticsTextsEn } from './diagnostics/en.ts';
import { doctorTextsEn } from './doctor/en.ts';
import { errorTextsEn } from './errors/en.ts';
import { filesTextsEn } from './files/en.ts';
import { findingTextsEn } from './findings/en.ts';
import { foreignClientTextsEn } from './foreign-clients/en.ts';
import { forwardingTextsEn } from './forwarding/en.ts';
import { gatewayTextsEn } from './gateways/en.ts';
import { interfaceTextsEn } from './interface/en.ts';
import { paletteTextsEn } from './palette/en.ts';
import { settingsTextsEn } from './settings/en.ts';
import { serviceKeyTextsEn } from './service-keys/en.ts';
import { ownLogTextsEn } from './own-log/en.ts';
import { updateTextsEn } from './updates/en.ts';
import { watchingTextsEn } from './watching/en.ts';
import { tunnelTextsEn } from './tunnel/en.ts';
import { resourceFormTextsEn } from './resource-forms/en.ts';
import { nativeTextsEn } from './native/en.ts';

/** Every text in English; its keys are the keys of all languages. */
export const en = { ...errorTextsEn, ...interfaceTextsEn, ...gatewayTextsEn, ...tunnelTextsEn, ...serviceKeyTextsEn, ...resourceFormTextsEn, ...findingTextsEn, ...diagnosticsTextsEn, ...doctorTextsEn, ...foreignClientTextsEn, ...forwardingTextsEn, ...desktopTextsEn, ...filesTextsEn, ...nativeTextsEn, ...administrationTextsEn, ...credentialTextsEn, ...watchingTextsEn, ...paletteTextsEn, ...settingsTextsEn, ...updateTextsEn, ...ownLogTextsEn } as const;
export type MessageKey = keyof typeof en;
