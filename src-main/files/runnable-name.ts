/**
 * Endings of files that systems run, or let say what to run, when they are opened: programs, scripts, installers, images of
 * disks, shortcuts, searches and add-ins of Windows, macOS and Linux. Documents and sources, scripts of which an editor is the
 * usual program, are not among them.
 */
const RUNNABLE: ReadonlySet<string> = new Set([
  'accda', 'accde', 'accdr', 'action', 'ade', 'adp', 'afploc', 'app', 'appimage', 'appinstaller', 'applescript', 'application', 'appref-ms', 'appx', 'appxbundle', 'bat', 'bundle', 'cdxml',
  'chm', 'cmd', 'com', 'command', 'cpl', 'crx', 'deb', 'deskthemepack', 'desktop', 'diagcab', 'diagcfg', 'diagpkg', 'dll', 'dmg', 'dqy', 'drv', 'dylib', 'exe',
  'fileloc', 'flatpak', 'flatpakref', 'flatpakrepo', 'ftploc', 'fxp', 'gadget', 'hlp', 'hpj', 'hta', 'img', 'inetloc', 'inf', 'ins', 'inx', 'iqy', 'iso', 'isu', 'jar', 'jnlp', 'job', 'js',
  'jse', 'kext', 'library-ms', 'lnk', 'mad', 'maf', 'mam', 'maq', 'mar', 'mas', 'mav', 'maw', 'mda', 'mdb', 'mde', 'mobileconfig', 'mpkg', 'msc', 'msh', 'msh1', 'msh2',
  'mshxml', 'msi', 'msix', 'msixbundle', 'msp', 'mst', 'msu', 'ocx', 'oqy', 'osx', 'out', 'pcd', 'pif', 'pkg', 'plugin', 'ppam', 'prf', 
  'ps1', 'ps1xml', 'ps2', 'ps2xml', 'psc1', 'psc2', 'psd1', 'psm1', 'pssc', 'pyw', 'pyz', 'pyzw', 'rdp', 'reg', 'rgs', 'rpm', 'rqy', 'run', 'scf', 'scpt', 'scptd',
  'scr', 'sct', 'search-ms', 'searchconnector-ms', 'settingcontent-ms', 'shb', 'shortcut', 'shs', 'slk', 'prefpane', 'saver', 'snap', 'sparsebundle', 'sparseimage', 'terminal', 'theme', 'themepack',
  'tool', 'udl', 'url', 'vb', 'vbe', 'vbs', 'vhd', 'vhdx', 'vncloc', 'vsmacros', 'vsw', 'wcx', 'webloc', 'website', 'wll', 'workflow', 'ws', 'wsb', 'wsc', 'wsf', 'wsh',
  'xbap', 'xla', 'xlam', 'xll', 'xnk', 'xpi',
]);

/** Sources that Windows or macOS run where their language is installed, and that desktops of Linux show in an editor. */
const RUNNABLE_BUT_ON_LINUX: ReadonlySet<string> = new Set(['bash', 'pl', 'py', 'pyc', 'pyo', 'rb', 'sh', 'tcl']);

/** Whether a system might run a file of this name where it is told to open it (A4). Ends that Windows drops do not hide it. */
export function isRunnableName(name: string, platform: NodeJS.Platform): boolean {
  // As a system compares that tells neither capitals nor forms of one letter apart.
  const ending = /\.([^.]+?)[. ]*$/.exec(name)?.[1]?.normalize('NFKC').toUpperCase().toLowerCase();
  return ending !== undefined && (RUNNABLE.has(ending) || (platform !== 'linux' && RUNNABLE_BUT_ON_LINUX.has(ending)));
}
