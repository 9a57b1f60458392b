// The least that a shell can show: one window with one field. It uses nothing that Electron itself would not have.
import { app, BrowserWindow } from 'electron';

app.whenReady().then(() => {
  const window = new BrowserWindow({ width: 1200, height: 800, show: false, webPreferences: { sandbox: true, contextIsolation: true } });
  window.once('ready-to-show', () => window.show());
  return window.loadFile('page.html');
});
app.on('window-all-closed', () => app.quit());
