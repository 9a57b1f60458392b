import { z } from 'zod';

export const language = z.enum(['en', 'ja', 'zh-Hant']);
export type Language = z.infer<typeof language>;

/** What the user can set; each has a default, so that an empty file is a whole one. */
export const clientSettings = z.object({
  language: z.union([language, z.literal('system')]).default('system'),
  theme: z.enum(['light', 'dark', 'high-contrast', 'system']).default('system'),
  resourceView: z.enum(['list', 'cards']).default('list'),
  terminalFontFamily: z.string().max(200).default('ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", "Noto Sans Mono CJK JP", monospace'),
  terminalFontSizePx: z.number().int().min(8).max(40).default(14),
  terminalTheme: z.enum(['dark', 'light', 'high-contrast', 'solarized-dark']).default('dark'),
  terminalScrollbackLines: z.number().int().min(0).max(100_000).default(10_000),
  terminalBell: z.enum(['none', 'visual', 'sound']).default('visual'),
  terminalScreenReader: z.boolean().default(false),
  warnBeforePastingLines: z.boolean().default(true),
  copyOnSelect: z.boolean().default(false),
});
export type ClientSettings = z.infer<typeof clientSettings>;
