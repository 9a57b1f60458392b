import type { MessageKey } from './en.ts';
import { administrationTextsJa } from './administration/ja.ts';
import { credentialTextsJa } from './credentials/ja.ts';
import { desktopTextsJa } from './desktop/ja.ts';
import { diagnosticsTextsJa } from './diagnostics/ja.ts';
import { doctorTextsJa } from './doctor/ja.ts';
import { errorTextsJa } from './errors/ja.ts';
import { filesTextsJa } from './files/ja.ts';
import { findingTextsJa } from './findings/ja.ts';
import { foreignClientTextsJa } from './foreign-clients/ja.ts';
import { forwardingTextsJa } from './forwarding/ja.ts';
import { gatewayTextsJa } from './gateways/ja.ts';
import { interfaceTextsJa } from './interface/ja.ts';
import { paletteTextsJa } from './palette/ja.ts';
import { settingsTextsJa } from './settings/ja.ts';
import { serviceKeyTextsJa } from './service-keys/ja.ts';
import { ownLogTextsJa } from './own-log/ja.ts';
import { updateTextsJa } from './updates/ja.ts';
import { watchingTextsJa } from './watching/ja.ts';
import { tunnelTextsJa } from './tunnel/ja.ts';
import { resourceFormTextsJa } from './resource-forms/ja.ts';
import { nativeTextsJa } from './native/ja.ts';

/** Every text in Japanese. */
export const ja = { ...errorTextsJa, ...interfaceTextsJa, ...gatewayTextsJa, ...tunnelTextsJa, ...serviceKeyTextsJa, ...resourceFormTextsJa, ...findingTextsJa, ...diagnosticsTextsJa, ...doctorTextsJa, ...foreignClientTextsJa, ...forwardingTextsJa, ...desktopTextsJa, ...filesTextsJa, ...nativeTextsJa, ...administrationTextsJa, ...credentialTextsJa, ...watchingTextsJa, ...paletteTextsJa, ...settingsTextsJa, ...updateTextsJa, ...ownLogTextsJa } as const satisfies Record<MessageKey, string>;
