import { setUpBuild } from './build.ts';
import { setUpDependencies } from './dependencies.ts';
import { hasDisplay, setUpDisplay, type Display } from './display.ts';
import { setUpElectron, type UsedElectron } from './electron-binary.ts';
import type { Circumstance, SetUpPurpose } from './system-package-list.ts';
import { setUpSystemPackages } from './system-packages.ts';

/** What is there once a machine is set up. */
export type Machine = { readonly electron: UsedElectron; readonly display: Display };

/** Does every step that is not done yet: packages, Electron, system packages, the build, a display. */
export async function setUpMachine(purpose: SetUpPurpose): Promise<Machine> {
  await setUpDependencies();
  const electron = await setUpElectron();
  const circumstances = new Set<Circumstance>();
  if (electron.kind === 'stand-in') circumstances.add('electron-stand-in');
  if (!hasDisplay(process.platform, process.env)) circumstances.add('no-display');
  await setUpSystemPackages(purpose, circumstances);
  await setUpBuild();
  const display = await setUpDisplay();
  return { electron, display };
}
