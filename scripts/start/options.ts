import { parseArgs } from 'node:util';
import { parsePorts, type EmbeddedPorts } from '../embedded-system/embedded-ports.ts';

/** What `npm start` was asked for. */
export type StartOptions = {
  /** A real service to open the app on, instead of the embedded system. */
  readonly service: string | undefined;
  /** The app's user-data folder, instead of the usual one. */
  readonly profileFolder: string | undefined;
  readonly ports: EmbeddedPorts | undefined;
};

/** Reads the command line. Throws on what it does not know. */
export function parseStartOptions(parameters: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...parameters],
    options: { service: { type: 'string' }, 'profile-dir': { type: 'string' }, ports: { type: 'string' } },
  });
  return {
    service: values.service === undefined ? undefined : serviceAddress(values.service),
    profileFolder: values['profile-dir'],
    ports: values.ports === undefined ? undefined : parsePorts(values.ports),
  };
}

function serviceAddress(text: string): string {
  if (!URL.canParse(text) || new URL(text).protocol !== 'https:') throw new Error('--service takes an address that begins with https://');
  return text;
}
