import { join } from 'node:path';
import { StartedProcesses } from '../processes/started-processes.ts';
import { setUpBuild } from './build.ts';
import { setUpDependencies } from './dependencies.ts';
import { hasDisplay, setUpDisplay } from './display.ts';
import { toolsFolder } from './repository.ts';
import { setUpElectron, type UsedElectron } from './electron-binary.ts';
import type { Circumstance, SetUpPurpose } from './system-package-list.ts';
import { say } from './plain-line.ts';
import { setUpSystemPackages } from './system-packages.ts';
import { terminalObjectionHere } from './terminals.ts';

/** What is there once a machine is set up. */
export type Machine = {
  readonly electron: UsedElectron;
  /** Ends what was started for it; it ends too where this process is killed. */
  stop(): Promise<void>;
};

/** Does every step that leaves nothing running, where it is not done yet: packages, Electron, system packages, the build. */
export async function prepareMachine(purpose: SetUpPurpose): Promise<UsedElectron> {
  await setUpDependencies();
  const electron = await setUpElectron();
  const circumstances = new Set<Circumstance>();
  if (electron.kind === 'stand-in') circumstances.add('electron-stand-in');
  if (!hasDisplay(process.platform, process.env)) circumstances.add('no-display');
  await setUpSystemPackages(purpose, circumstances);
  // A start says it of its demo target, once that is there.
  const objection = purpose === 'test' ? terminalObjectionHere() : undefined;
  if (objection !== undefined) say('Terminals', `${objection}. Until then tests that type on a real sshd fail.`);
  await setUpBuild();
  return electron;
}

/** Prepares the machine and gives it a display, which ends with this process, by signal too. */
export async function setUpMachine(purpose: SetUpPurpose): Promise<Machine> {
  const electron = await prepareMachine(purpose);
  const owner = new StartedProcesses(join(toolsFolder, `processes-of-${process.pid}.json`));
  const display = await setUpDisplay();
  for (const pid of display.processes) owner.add('the display', pid);
  const stop = async (): Promise<void> => {
    await owner.endAll();
    display.stop();
  };
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(code)));
  }
  return { electron, stop };
}
