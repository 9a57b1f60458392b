import { z } from 'zod';

export const language = z.enum(['en', 'ja', 'zh-Hant']);
export type Language = z.infer<typeof language>;

/** Each thing that can be set, without a default. */
const settingsParts = z.object({
  language: z.union([language, z.literal('system')]),
  theme: z.enum(['light', 'dark', 'high-contrast', 'system']),
  resourceView: z.enum(['list', 'cards']),
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
});

/** What the user can set; each has a default, so that an empty file is a whole one. */
export const clientSettings = z.object({
  language: settingsParts.shape.language.default('system'),
  theme: settingsParts.shape.theme.default('system'),
  resourceView: settingsParts.shape.resourceView.default('list'),
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
});
export type ClientSettings = z.infer<typeof clientSettings>;

/** A change of some settings. It has no defaults of its own: they would set back what the change does not name. */
export const clientSettingsChanges = settingsParts.partial();
