import { z } from 'zod';
import { updateChannel } from '../updates/update-manifest.ts';

export const language = z.enum(['en', 'ja', 'zh-Hant']);
export type Language = z.infer<typeof language>;

/** Smaller than half nothing can be read; at four times a window of 1280 px shows as much as one of 320 px, the narrowest for which pages are made (WCAG 1.4.10). */
export const LEAST_ZOOM_PERCENT = 50;
export const MOST_ZOOM_PERCENT = 400;

/** Each thing that can be set, without a default. */
const settingsParts = z.object({
  language: z.union([language, z.literal('system')]),
  theme: z.enum(['light', 'dark', 'high-contrast', 'system']),
  density: z.enum(['comfortable', 'compact']),
  interfaceFontFamily: z.string().max(200),
  zoomPercent: z.number().int().min(LEAST_ZOOM_PERCENT).max(MOST_ZOOM_PERCENT),
  resourceView: z.enum(['list', 'cards']),
  notifications: z.boolean(),
  trayIcon: z.boolean(),
  terminalFontFamily: z.string().max(200),
  terminalFontSizePx: z.number().int().min(8).max(40),
  terminalTheme: z.enum(['dark', 'light', 'high-contrast', 'solarized-dark']),
  terminalScrollbackLines: z.number().int().min(0).max(100_000),
  terminalBell: z.enum(['none', 'visual', 'sound']),
  terminalScreenReader: z.boolean(),
  warnBeforePastingLines: z.boolean(),
  copyOnSelect: z.boolean(),
  forwardAgent: z.boolean(),
  forwardX11: z.enum(['off', 'restricted', 'full']),
  updateChannel,
  downloadUpdates: z.boolean(),
  installUpdateAtQuit: z.boolean(),
});

/** What the user can set; each has a default, so that an empty file is a whole one. */
export const clientSettings = z.object({
  language: settingsParts.shape.language.default('system'),
  theme: settingsParts.shape.theme.default('system'),
  density: settingsParts.shape.density.default('comfortable'),
  /** Tried before the system's own; empty for that alone. */
  interfaceFontFamily: settingsParts.shape.interfaceFontFamily.default(''),
  /** Of everything in every window, as a share of its actual size. */
  zoomPercent: settingsParts.shape.zoomPercent.default(100),
  resourceView: settingsParts.shape.resourceView.default('list'),
  notifications: settingsParts.shape.notifications.default(true),
  trayIcon: settingsParts.shape.trayIcon.default(false),
  terminalFontFamily: settingsParts.shape.terminalFontFamily.default('ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", "Noto Sans Mono CJK JP", monospace'),
  terminalFontSizePx: settingsParts.shape.terminalFontSizePx.default(14),
  terminalTheme: settingsParts.shape.terminalTheme.default('dark'),
  terminalScrollbackLines: settingsParts.shape.terminalScrollbackLines.default(10_000),
  terminalBell: settingsParts.shape.terminalBell.default('visual'),
  terminalScreenReader: settingsParts.shape.terminalScreenReader.default(false),
  warnBeforePastingLines: settingsParts.shape.warnBeforePastingLines.default(true),
  copyOnSelect: settingsParts.shape.copyOnSelect.default(false),
  /** Offered to targets only where the access rule allows it too. */
  forwardAgent: settingsParts.shape.forwardAgent.default(false),
  /** The same; restricted: programs on the target see nothing of the user's other windows. */
  forwardX11: settingsParts.shape.forwardX11.default('off'),
  updateChannel: settingsParts.shape.updateChannel.default('stable'),
  /** By itself when one is found; else once the user asks. */
  downloadUpdates: settingsParts.shape.downloadUpdates.default(true),
  installUpdateAtQuit: settingsParts.shape.installUpdateAtQuit.default(true),
});
export type ClientSettings = z.infer<typeof clientSettings>;

/** The name of a setting, as it stands in the file. */
export const settingName = settingsParts.keyof();
export type SettingName = z.infer<typeof settingName>;

/** A change of some settings. It has no defaults of its own: they would set back what the change does not name. */
export const clientSettingsChanges = settingsParts.partial();
export type ClientSettingsChanges = z.infer<typeof clientSettingsChanges>;

/** What `$schema` of a settings file says: `docs/settings.schema.json` describes the file. */
export const SETTINGS_SCHEMA_ID = 'urn:mavis-desktop:settings:1';

/** The settings file as JSON Schema (draft 2020-12), for editors and for those who write such files by script. */
export function settingsJsonSchema(): Record<string, unknown> {
  return { $id: SETTINGS_SCHEMA_ID, title: 'Settings of MAVIS Desktop', ...z.toJSONSchema(z.object({ $schema: z.literal(SETTINGS_SCHEMA_ID).optional(), ...clientSettings.shape }), { io: 'input' }) };
}

/** What became of the keys of a file that was read in. */
export const settingsImport = z.object({
  taken: z.array(settingName),
  /** The value is not valid; the setting stayed as it was. */
  refused: z.array(settingName),
  /** The organisation has set it. */
  managed: z.array(settingName),
  /** Not known to this version: so many keys, which came to nothing. */
  unknown: z.number().int(),
});
export type SettingsImport = z.infer<typeof settingsImport>;
