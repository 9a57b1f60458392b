import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ProxySetting } from '../../shared/ipc/proxy-setting.ts';
import type { ClientSettings } from '../../shared/ipc/settings.ts';
import type { LockableFeature } from '../../shared/lockable-feature.ts';
import { type ManagedSettings, managedSettings, managedSettingsShape } from '../../shared/managed-settings.ts';

/** What IT has set, and what of it could not be used. */
export interface Policy {
  readonly settings: ManagedSettings;
  /** For the user to see and IT to mend; the app starts all the same, with what was good. */
  readonly problems: readonly MavisError[];
}

/** More keys than that are not named one by one. */
const MOST_KEYS_NAMED = 10;

/** A policy from what a source holds: a key that is refused costs no other, and is told by its name. `place` is the file or key of the registry. */
export function readPolicyValues(values: unknown, place: string): Policy {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return { settings: {}, problems: [new MavisError('client.policy-unreadable', { place })] };
  const shape = new Map(Object.entries(managedSettingsShape));
  const good: Record<string, unknown> = {};
  const refused: string[] = [];
  for (const [key, value] of Object.entries(values)) {
    const parsed = shape.get(key)?.safeParse(value);
    if (parsed?.success) good[key] = parsed.data;
    else refused.push(key.replaceAll(/[^\w-]/g, '').slice(0, 40));
  }
  const problems = refused.length === 0 ? [] : [new MavisError('client.policy-refused', { place, keys: refused.slice(0, MOST_KEYS_NAMED).join(', ') })];
  return { settings: managedSettings.parse(good), problems };
}

/** Whether a feature is switched off. */
export function isDisabled({ settings }: Policy, feature: LockableFeature): boolean {
  return settings.disabledFeatures?.includes(feature) ?? false;
}

/** Throws `client.managed` where a feature is switched off. */
export function requireFeature(policy: Policy, feature: LockableFeature): void {
  if (isDisabled(policy, feature)) throw new MavisError('client.managed');
}

/** Settings of the user that are the organisation's: its language, how updates come, and off what it has switched off. */
export function lockedSettings(policy: Policy): Partial<ClientSettings> {
  const { language, updates, updateChannel } = policy.settings;
  return {
    ...(language === undefined ? {} : { language }),
    ...(updateChannel === undefined ? {} : { updateChannel }),
    ...(updates === undefined ? {} : { downloadUpdates: updates === 'automatic' }),
    ...(updates === 'off' ? { installUpdateAtQuit: false } : {}),
    ...(isDisabled(policy, 'agent-forwarding') ? { forwardAgent: false } : {}),
    ...(isDisabled(policy, 'x11-forwarding') ? { forwardX11: 'off' as const } : {}),
  };
}

/** A managed proxy as profiles have it. */
export function managedProxy(text: ManagedSettings['proxy']): ProxySetting | undefined {
  if (text === undefined) return undefined;
  if (text === 'system' || text === 'none') return { kind: text };
  const at = text.lastIndexOf(':');
  return { kind: 'manual', host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
