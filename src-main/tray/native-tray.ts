import { Menu, Tray } from 'electron';
import type { ShownTray } from './tray-icon.ts';

/** Shows an icon in the system's tray. */
export function nativeTray(imageFile: string, onClick: () => void): ShownTray {
  const shown = new Tray(imageFile);
  shown.on('click', onClick);
  return {
    setImage: (file) => shown.setImage(file),
    setToolTip: (text) => shown.setToolTip(text),
    setMenu: (lines) => shown.setContextMenu(Menu.buildFromTemplate(lines.map((line) => (line === null ? { type: 'separator' } : { label: line.label, click: line.run })))),
    destroy: () => shown.destroy(),
  };
}
