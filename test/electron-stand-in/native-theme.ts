import { Covered } from './covered.ts';

/** What a test says of the system, as a real system's settings would. */
export interface SystemAppearance {
  readonly dark: boolean;
  readonly highContrast: boolean;
  readonly forcedColors: boolean;
  readonly reducedMotion: boolean;
}

let system: SystemAppearance = { dark: false, highContrast: false, forcedColors: false, reducedMotion: false };
const followers = new WeakMap<object, () => unknown>();
const followed = new Set<WeakRef<object>>();

/** Calls back when the theme changes, as long as the owner lives. */
export function onThemeChange(owner: object, apply: () => unknown): void {
  followers.set(owner, apply);
  followed.add(new WeakRef(owner));
}

class StandInNativeTheme extends Covered implements Pick<Electron.NativeTheme, 'themeSource' | 'shouldUseDarkColors' | 'shouldUseHighContrastColors' | 'shouldUseInvertedColorScheme' | 'inForcedColorsMode' | 'prefersReducedTransparency'> {
  readonly shouldUseInvertedColorScheme = false;
  readonly prefersReducedTransparency = false;
  #source: Electron.NativeTheme['themeSource'] = 'system';

  constructor() {
    super('nativeTheme', ['updated']);
  }

  get themeSource(): Electron.NativeTheme['themeSource'] {
    return this.#source;
  }

  set themeSource(source: Electron.NativeTheme['themeSource']) {
    if (!['system', 'light', 'dark'].includes(source)) throw new TypeError(`Error processing argument at index 0, conversion failure from ${source}`);
    const before = this.shouldUseDarkColors;
    this.#source = source;
    applyToWindows();
    if (before !== this.shouldUseDarkColors) this.emit('updated');
  }

  get shouldUseDarkColors(): boolean {
    return this.#source === 'system' ? system.dark : this.#source === 'dark';
  }

  get shouldUseHighContrastColors(): boolean {
    return system.highContrast;
  }

  get inForcedColorsMode(): boolean {
    return system.forcedColors;
  }
}

/** Electron's `nativeTheme`. */
export const nativeTheme = new StandInNativeTheme();

function applyToWindows(): void {
  for (const reference of followed) {
    const owner = reference.deref();
    if (owner) followers.get(owner)?.();
    else followed.delete(reference);
  }
}

/** For tests: changes what the system wants, in the windows and in `nativeTheme`. */
export function setSystemAppearance(change: Partial<SystemAppearance>): void {
  system = { ...system, ...change };
  applyToWindows();
  nativeTheme.emit('updated');
}

/** The media features that pages see. */
export function nativeThemeMedia(): { name: string; value: string }[] {
  return [
    { name: 'prefers-color-scheme', value: nativeTheme.shouldUseDarkColors ? 'dark' : 'light' },
    { name: 'prefers-contrast', value: system.highContrast ? 'more' : 'no-preference' },
    { name: 'forced-colors', value: system.forcedColors ? 'active' : 'none' },
    { name: 'prefers-reduced-motion', value: system.reducedMotion ? 'reduce' : 'no-preference' },
  ];
}
