/**
 * Endings of files that systems run, or let say what to run, when they are opened: programs, scripts, installers, shortcuts and
 * macros of Windows, macOS and Linux. Documents and sources, scripts of which an editor is the usual program, are not among them.
 */
const RUNNABLE: ReadonlySet<string> = new Set([
  'action', 'app', 'appimage', 'appref-ms', 'application', 'bat', 'chm', 'cmd', 'com', 'command', 'cpl', 'deb', 'desktop', 'diagcab', 'dll', 'dmg', 'exe', 'flatpakref', 'gadget', 'hta', 'inf', 'ins', 'inx', 'isu',
  'iso', 'jar', 'job', 'js', 'jse', 'jnlp', 'lnk', 'mpkg', 'msc', 'msi', 'msix', 'msp', 'mst', 'osx', 'out', 'pif', 'pkg', 'ps1', 'reg', 'rgs', 'rpm', 'run', 'scf', 'scpt', 'scr', 'sct', 'settingcontent-ms', 'shb', 'shs',
  'snap', 'terminal', 'tool', 'url', 'vb', 'vbe', 'vbs', 'vhd', 'webloc', 'workflow', 'ws', 'wsc', 'wsf', 'wsh', 'xbap',
]);

/** Whether a system might run a file of this name where it is told to open it (A4). Ends that Windows drops do not hide it. */
export function isRunnableName(name: string): boolean {
  const ending = /\.([^.]+?)[. ]*$/.exec(name)?.[1];
  return ending !== undefined && RUNNABLE.has(ending.toLowerCase());
}
