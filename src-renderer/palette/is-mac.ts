/** Whether this page runs on macOS, whose keys are written otherwise. */
export function isMac(platform = navigator.platform): boolean {
  return platform.startsWith('Mac');
}
