/** Entry of the executable: makes `electron` resolve to the stand-in, reads the command line, runs the application's main module. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { application, parseSwitches, type ApplicationPackage } from './application.ts';

/** After this the main module is said to hang: windows can open only when it has loaded. */
const MAIN_MODULE_WARNING_MS = 10_000;
const FOLDER = import.meta.dirname;
const ELECTRON_NAMES = new Set(['electron', 'electron/main', 'electron/common']);
const electronUrl = pathToFileURL(path.join(FOLDER, 'electron.ts')).href;

/** The version whose types the application is written against. */
function electronVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('electron/package.json') as { version: string }).version;
}

/** Splits off the modules to be loaded first: `-r module`. */
function takePreloadModules(commandLine: readonly string[]): string[] {
  return commandLine.flatMap((argument, index) => (commandLine[index - 1] === '-r' || commandLine[index - 1] === '--require' ? [argument] : []));
}

/** The application: the first argument that is no switch. */
function applicationArgument(commandLine: readonly string[]): string {
  return commandLine.find((argument, index) => !argument.startsWith('-') && !/^(-r|--require)$/.test(commandLine[index - 1] ?? '')) ?? '.';
}

function setApplication(given: string): string {
  const target = path.resolve(given);
  const manifest = path.join(target, 'package.json');
  if (!existsSync(manifest)) {
    application.directory = path.dirname(target);
    return target;
  }
  const contents = JSON.parse(readFileSync(manifest, 'utf8')) as ApplicationPackage;
  application.directory = target;
  application.package = contents;
  application.name = contents.productName ?? contents.name ?? application.name;
  return path.join(target, contents.main ?? 'index.js');
}

const commandLine = process.argv.slice(2);
const version = electronVersion();
registerHooks({
  resolve: (specifier, context, next) => (ELECTRON_NAMES.has(specifier) ? { url: electronUrl, format: 'module-typescript', shortCircuit: true } : next(specifier, context)),
});
application.rawArguments = commandLine;
application.switches = parseSwitches(commandLine);
Object.defineProperty(process.versions, 'electron', { value: version, enumerable: true, configurable: true });
Object.assign(process, { type: 'browser', resourcesPath: path.join(FOLDER, 'resources'), defaultApp: true });
process.argv = [path.join(FOLDER, 'electron'), ...commandLine];
const entry = setApplication(applicationArgument(commandLine));

const { app } = await import('./app.ts');
const require = createRequire(import.meta.url);
for (const module of takePreloadModules(commandLine)) require(path.resolve(module));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit());

const warning = setTimeout(() => console.error(`Electron stand-in: ${entry} has not finished loading; it may wait for app.whenReady() at its top level`), MAIN_MODULE_WARNING_MS);
warning.unref();
try {
  await import(pathToFileURL(entry).href);
  clearTimeout(warning);
  await app._start();
} catch (error) {
  console.error('Electron stand-in: the application cannot start.', error);
  process.exit(1);
}
