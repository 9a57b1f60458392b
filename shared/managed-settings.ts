import { z } from 'zod';
import { profileFields } from './ipc/contract.ts';
import { clientSettings } from './ipc/settings.ts';
import { lockableFeature } from './lockable-feature.ts';

/**
 * What IT sets for all users of a computer: the one schema of `/etc/mavis/policy.json`, of the policy in the registry of Windows and
 * of the profile of macOS. Values are texts and lists of texts, as all three can hold. Everything may be left out.
 */
export const managedSettingsShape = {
  /** The service that everybody here works with: its address, what it is called, and the fingerprints of its certificate. */
  serviceUrl: profileFields.shape.serviceUrl,
  serviceName: profileFields.shape.name,
  servicePins: z.array(profileFields.shape.pin.unwrap()).min(1).max(4),
  /** `system`, `none`, or `HOST:PORT` of an HTTP proxy. */
  proxy: z.string().max(262).regex(/^(?:system|none|[^\s\p{Cc}/@[\]:]+:[1-9]\d{0,4})$/u).refine((text) => Number(/:(\d+)$/.exec(text)?.[1] ?? 1) <= 65_535),
  language: clientSettings.shape.language.unwrap(),
  /** `automatic`: fetched by themselves; `ask`: fetched once the user asks; `off`: no updates by the app. */
  updates: z.enum(['automatic', 'ask', 'off']),
  updateChannel: clientSettings.shape.updateChannel.unwrap(),
  /** The folder of a static host that updates come from, in place of the service. */
  updateUrl: z.url({ protocol: /^https$/ }).max(300).refine((address) => !/[@?#]/.test(address)),
  disabledFeatures: z.array(lockableFeature).max(lockableFeature.options.length),
} as const;

export const managedSettings = z.strictObject(managedSettingsShape).partial();
export type ManagedSettings = z.infer<typeof managedSettings>;
export type ManagedKey = keyof typeof managedSettingsShape;
