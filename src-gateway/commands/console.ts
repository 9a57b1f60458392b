import { asMavisError } from '../../shared/errors/mavis-error.ts';

/** Where a command writes what people and other programs read. */
export interface Console {
  readonly line: (text: string) => void;
  readonly errorLine: (text: string) => void;
}

/** The process's own output. */
export function processConsole(): Console {
  return {
    line: (text) => process.stdout.write(`${text}\n`),
    errorLine: (text) => process.stderr.write(`${text}\n`),
  };
}

/** What an administrator does about an error of a command, in a sentence. */
const REMEDIES: Readonly<Record<string, string>> = {
  'gateway.configuration-invalid': 'fetch the configuration file again from the gateway management page and run init with it',
  'service.data-folder-in-use': 'stop the gateway that runs on this data folder, or choose another',
  'gateway.port-closed': 'free the port, or allow this program to listen on it',
  'gateway.cannot-record': 'make room on the disk of the data folder, and let this program write there',
};

/** An error as one line: the code of the catalogue, its arguments, and what to do. */
export function errorLine(thrown: unknown): string {
  const error = asMavisError(thrown);
  const args = Object.entries(error.args).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join('');
  const cause = error.code === 'internal' && error.cause instanceof Error ? ` (${error.cause.message.split('\n')[0] ?? ''})` : '';
  return `${error.code}${args}: ${REMEDIES[error.code] ?? 'see the log and docs/errors.md'}${cause}`;
}
