import path from 'node:path';

/** The name under which Electron keeps the app's data: `productName` of package.json. */
const applicationName = 'MAVIS Desktop';

/** The folder that Electron uses for the app's data where nothing else is said. */
export function usualUserDataFolder(platform: string, home: string, environment: Readonly<Record<string, string | undefined>>): string {
  if (platform === 'win32') return path.win32.join(environment['APPDATA'] ?? path.win32.join(home, 'AppData', 'Roaming'), applicationName);
  if (platform === 'darwin') return path.posix.join(home, 'Library', 'Application Support', applicationName);
  return path.posix.join(environment['XDG_CONFIG_HOME'] || path.posix.join(home, '.config'), applicationName);
}
