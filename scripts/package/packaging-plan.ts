import { SetUpError } from '../set-up/set-up-error.ts';

/** The systems that packages are built for. */
export const PACKAGE_SYSTEMS = ['linux', 'win', 'mac'] as const;
export type PackageSystem = (typeof PACKAGE_SYSTEMS)[number];

/** What `npm run package` is asked for. */
export interface PackagingOptions {
  readonly systems: readonly PackageSystem[];
  /** Only the unpacked folder, without an installer. */
  readonly folderOnly: boolean;
  /** For people outside: what is not signed is refused. */
  readonly release: boolean;
}

/** What is added to `electron-builder.yml`; the rest of it stands there. */
export interface PackagingPlan {
  readonly systems: readonly PackageSystem[];
  readonly folderOnly: boolean;
  readonly config: {
    readonly forceCodeSigning: boolean;
    readonly extraMetadata: Readonly<Record<string, unknown>>;
    readonly mac?: { readonly identity: null };
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of which electron-builder wants one set to sign; it reads them itself. */
const SIGNING: Readonly<Record<PackageSystem, readonly (readonly string[])[]>> = {
  linux: [],
  win: [['WIN_CSC_LINK'], ['CSC_LINK'], ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID']],
  mac: [['CSC_LINK'], ['CSC_NAME']],
};
/** The same for Apple's notarisation: an API key, an Apple ID, or a profile of the keychain. */
const NOTARISATION: readonly (readonly string[])[] = [
  ['APPLE_API_KEY', 'APPLE_API_KEY_ID', 'APPLE_API_ISSUER'],
  ['APPLE_ID', 'APPLE_APP_SPECIFIC_PASSWORD', 'APPLE_TEAM_ID'],
  ['APPLE_KEYCHAIN_PROFILE'],
];
/** An Ed25519 public key as 32 bytes in base64. */
const PUBLIC_KEY = /^[A-Za-z0-9+/]{43}=$/;

/** Reads the words behind `npm run package --`; throws what a person can mend. */
export function parsePackagingOptions(words: readonly string[], platform: NodeJS.Platform): PackagingOptions {
  const known = new Set<string>([...PACKAGE_SYSTEMS.map((system) => `--${system}`), '--dir', '--release']);
  const unknown = words.find((word) => !known.has(word));
  if (unknown !== undefined) throw new SetUpError(`there is no option ${unknown}`, `use any of ${[...known].join(', ')}`);
  const asked = PACKAGE_SYSTEMS.filter((system) => words.includes(`--${system}`));
  const own: PackageSystem = platform === 'win32' ? 'win' : platform === 'darwin' ? 'mac' : 'linux';
  return { systems: asked.length > 0 ? asked : [own], folderOnly: words.includes('--dir'), release: words.includes('--release') };
}

/**
 * What the environment adds to a build. `MAVIS_HOMEPAGE` is the publisher's page, `MAVIS_UPDATE_PUBLIC_KEYS` the Ed25519 keys that
 * updates are signed with (base64, by commas); without one the app takes no updates. For a release the keys must be there to
 * sign with and to be notarised with; their values are electron-builder's to read and are looked at here only for being set.
 */
export function packagingPlan(options: PackagingOptions, environment: Environment): PackagingPlan {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  const anySet = (ways: readonly (readonly string[])[]): boolean => ways.some((names) => names.every(isSet));
  const keys = (environment['MAVIS_UPDATE_PUBLIC_KEYS'] ?? '').split(',').map((key) => key.trim()).filter((key) => key !== '');
  if (keys.some((key) => !PUBLIC_KEY.test(key))) throw new SetUpError('MAVIS_UPDATE_PUBLIC_KEYS holds something that is no Ed25519 public key', 'give the 32 bytes of each key in base64, by commas');
  if (options.release) {
    for (const system of options.systems) {
      if (SIGNING[system].length > 0 && !anySet(SIGNING[system])) throw new SetUpError(`nothing to sign the packages for ${system} with`, `set ${choices(SIGNING[system])}, or build without --release`);
      if (system === 'mac' && !anySet(NOTARISATION)) throw new SetUpError('nothing to have the packages for mac notarised with', `set ${choices(NOTARISATION)}, or build without --release`);
    }
    if (keys.length === 0) throw new SetUpError('a release without update keys could never be updated', 'set MAVIS_UPDATE_PUBLIC_KEYS, or build without --release');
    if (!isSet('MAVIS_HOMEPAGE')) throw new SetUpError('a release names its publisher’s page', 'set MAVIS_HOMEPAGE, or build without --release');
  }
  return {
    systems: options.systems,
    folderOnly: options.folderOnly,
    config: {
      // Linux packages are signed by their repository, not one by one.
      forceCodeSigning: options.release && options.systems.some((system) => system !== 'linux'),
      extraMetadata: { homepage: environment['MAVIS_HOMEPAGE'] || 'https://mavis.invalid/', updateKeys: keys },
      // Without it a build on a Mac would take any identity that lies in the keychain.
      ...(options.systems.includes('mac') && !anySet(SIGNING.mac) ? { mac: { identity: null } } : {}),
    },
  };
}

function choices(ways: readonly (readonly string[])[]): string {
  return ways.map((names) => names.join(' and ')).join(', or ');
}
