import { isAbsolute, resolve } from 'node:path';
import { handOverDescriptor } from './account/sign-in-pipe.ts';
import { profileFields } from '../shared/ipc/contract.ts';

/** What the command line and the environment say; docs/embedded-contract.md. */
export interface StartConfiguration {
  /** `--user-data-dir`: all of the app's files in one folder. */
  readonly userDataFolder: string | undefined;
  /** `MAVIS_SERVICE_URL`: the service to open the sign-in page with. */
  readonly serviceUrl: string | undefined;
  /** `MAVIS_POLICY_FOLDER`: where the policy lies, for an app that is not packaged. */
  readonly policyFolder: string | undefined;
  /** `MAVIS_UPDATE_PUBLIC_KEYS`: keys of updates, by commas, for an app that is not packaged; a package holds its own. */
  readonly updateKeys: readonly string[];
  /** `MAVIS_SIGN_IN_FD`: the pipe with the embedded system's one-time sign-in. */
  readonly signInDescriptor: number | undefined;
}

/** 32 bytes in base64. */
const UPDATE_KEY = /^[A-Za-z0-9+/]{43}=$/;

/** Reads it once; what is not of the form is left out. */
export function readStartConfiguration(userDataSwitch: string, environment: Readonly<Record<string, string | undefined>>, workingFolder: string): StartConfiguration {
  const serviceUrl = profileFields.shape.serviceUrl.safeParse(environment['MAVIS_SERVICE_URL']);
  return {
    userDataFolder: userDataSwitch === '' ? undefined : isAbsolute(userDataSwitch) ? userDataSwitch : resolve(workingFolder, userDataSwitch),
    serviceUrl: serviceUrl.success ? serviceUrl.data : undefined,
    policyFolder: environment['MAVIS_POLICY_FOLDER'],
    updateKeys: (environment['MAVIS_UPDATE_PUBLIC_KEYS'] ?? '').split(',').filter((key) => UPDATE_KEY.test(key)),
    signInDescriptor: handOverDescriptor(environment),
  };
}

/** Variables that a session's process is given: what the system itself needs, and nothing of ours or of the user's. */
const PASSED_ON = ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR', 'HOME', 'USERPROFILE', 'LANG', 'XDG_RUNTIME_DIR'] as const;

/** The environment of a session's process. */
export function sessionProcessEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));
}
