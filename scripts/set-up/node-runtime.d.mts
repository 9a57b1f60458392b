/** The release that is installed where the machine's own Node is too old. */
export const installedNodeVersion: string;

/** The oldest Node that runs this repository. */
export const oldestNodeVersion: string;

/** True where `version` (with or without a leading v) is `oldest` or later. */
export function isNodeNewEnough(version: string, oldest?: string): boolean;

/** The npm package that holds Node for this machine, or undefined where there is none. */
export function nodePackageFor(platform: string, processor: string, hasGlibc?: boolean): string | undefined;

/** How to call the machine's own npm. */
export function npmCommand(
  environment?: Readonly<Record<string, string | undefined>>,
  node?: string,
): { command: string; prefix: string[]; shell: boolean };

/** The environment with `node`'s own folder first on the path. */
export function environmentWithNode(
  node: string,
  environment?: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined>;

/** Runs a TypeScript module of this repository on Node 24.7 or later. */
export function runOnNode24(moduleUrl: URL): Promise<void>;
