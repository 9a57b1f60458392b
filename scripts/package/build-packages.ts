import { type Arch, build, type Configuration, createTargets, Platform } from 'electron-builder';
import { repositoryFolder } from '../set-up/repository.ts';
import type { PackageSystem, PackagingPlan } from './packaging-plan.ts';

const PLATFORMS: Readonly<Record<PackageSystem, Platform>> = { linux: Platform.LINUX, win: Platform.WINDOWS, mac: Platform.MAC };

/** What a test sets instead of what a release uses. */
export type PackagingOverrides = Pick<Configuration, 'directories' | 'electronDist' | 'compression'> & {
  /** Only these kinds of packages, for the architecture of this list. */
  readonly only?: { readonly targets: readonly string[]; readonly arch: Arch };
};

/** Builds the packages of a plan from `electron-builder.yml` and `out/`; gives the files made. */
export async function buildPackages(plan: PackagingPlan, { only, ...overrides }: PackagingOverrides = {}): Promise<string[]> {
  const targets = only
    ? new Map(plan.systems.map((system) => [PLATFORMS[system], new Map([[only.arch, plan.folderOnly ? ['dir'] : [...only.targets]]])]))
    : createTargets(plan.systems.map((system) => PLATFORMS[system]), plan.folderOnly ? 'dir' : null);
  // Nothing is ever sent anywhere by building.
  return build({ projectDir: repositoryFolder, targets, publish: 'never', config: { ...plan.config, ...overrides } });
}
