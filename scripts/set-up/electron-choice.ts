import { isStillRemembered, type RememberedFailure } from './remembered-failure.ts';

/** What is known before Electron is chosen. */
export type ElectronFacts = {
  /** Version of the `electron` package. */
  readonly version: string;
  /** Version of the binary that lies in the package's folder, if any. */
  readonly installedVersion: string | undefined;
  /** ELECTRON_OVERRIDE_DIST_PATH, as the person set it. */
  readonly overrideFolder: string | undefined;
  /** MAVIS_ELECTRON, as the person set it: `download`, `stand-in` or nothing. */
  readonly wish: string | undefined;
  readonly lastFailure: RememberedFailure | undefined;
  readonly nowMs: number;
};

/** What is done about Electron. */
export type ElectronChoice = 'as-set' | 'installed' | 'stand-in' | 'download';

/** Decides which Electron is used, without doing anything yet. */
export function chooseElectron(facts: ElectronFacts): ElectronChoice {
  if (facts.overrideFolder !== undefined && facts.overrideFolder !== '') return 'as-set';
  if (facts.wish === 'stand-in') return 'stand-in';
  if (facts.installedVersion === facts.version) return 'installed';
  if (facts.wish === 'download') return 'download';
  return isStillRemembered(facts.lastFailure, facts.version, facts.nowMs) ? 'stand-in' : 'download';
}
