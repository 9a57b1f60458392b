import type { ForeignCommand } from '../../shared/ipc/stores.ts';

/** Command lines by which viewers come to a local port, for people to copy: TigerVNC's, TightVNC's and RealVNC's take an address with two colons as one with a port. The password is asked for by the viewer. */
export function vncCommands(port: number, platform: NodeJS.Platform): ForeignCommand[] {
  const viewer: ForeignCommand = { program: 'vncviewer', text: `vncviewer 127.0.0.1::${port}` };
  return platform === 'darwin' ? [{ program: 'screen-sharing', text: `open vnc://127.0.0.1:${port}` }, viewer] : [viewer];
}
