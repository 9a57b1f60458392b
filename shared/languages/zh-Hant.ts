import type { MessageKey } from './en.ts';
import { administrationTextsZhHant } from './administration/zh-Hant.ts';
import { credentialTextsZhHant } from './credentials/zh-Hant.ts';
import { desktopTextsZhHant } from './desktop/zh-Hant.ts';
import { diagnosticsTextsZhHant } from './diagnostics/zh-Hant.ts';
import { doctorTextsZhHant } from './doctor/zh-Hant.ts';
import { errorTextsZhHant } from './errors/zh-Hant.ts';
import { filesTextsZhHant } from './files/zh-Hant.ts';
import { findingTextsZhHant } from './findings/zh-Hant.ts';
import { foreignClientTextsZhHant } from './foreign-clients/zh-Hant.ts';
import { forwardingTextsZhHant } from './forwarding/zh-Hant.ts';
import { gatewayTextsZhHant } from './gateways/zh-Hant.ts';
import { interfaceTextsZhHant } from './interface/zh-Hant.ts';
import { paletteTextsZhHant } from './palette/zh-Hant.ts';
import { settingsTextsZhHant } from './settings/zh-Hant.ts';
import { serviceKeyTextsZhHant } from './service-keys/zh-Hant.ts';
import { ownLogTextsZhHant } from './own-log/zh-Hant.ts';
import { updateTextsZhHant } from './updates/zh-Hant.ts';
import { watchingTextsZhHant } from './watching/zh-Hant.ts';
import { tunnelTextsZhHant } from './tunnel/zh-Hant.ts';
import { resourceFormTextsZhHant } from './resource-forms/zh-Hant.ts';
import { nativeTextsZhHant } from './native/zh-Hant.ts';

/** Every text in Traditional Chinese. */
export const zhHant = { ...errorTextsZhHant, ...interfaceTextsZhHant, ...gatewayTextsZhHant, ...tunnelTextsZhHant, ...serviceKeyTextsZhHant, ...resourceFormTextsZhHant, ...findingTextsZhHant, ...diagnosticsTextsZhHant, ...doctorTextsZhHant, ...foreignClientTextsZhHant, ...forwardingTextsZhHant, ...desktopTextsZhHant, ...filesTextsZhHant, ...nativeTextsZhHant, ...administrationTextsZhHant, ...credentialTextsZhHant, ...watchingTextsZhHant, ...paletteTextsZhHant, ...settingsTextsZhHant, ...updateTextsZhHant, ...ownLogTextsZhHant } as const satisfies Record<MessageKey, string>;
