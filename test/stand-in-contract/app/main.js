// Main process of the fixture. It uses nothing that Electron itself would not have.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { app, BrowserWindow, ipcMain, MessageChannelMain, protocol, session, utilityProcess } from 'electron';

const FOLDER = import.meta.dirname;
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";

protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } }]);

/** What tests look at and steer with, through `electronApp.evaluate`. */
const state = { events: [], vetoClose: false, vetoQuit: false, opened: [], navigations: [], permissions: [], secondInstances: [], children: [] };
globalThis.fixture = state;

const isFirst = app.requestSingleInstanceLock({ hello: 'first' });
if (!isFirst) app.quit();

for (const name of ['will-finish-launching', 'ready', 'window-all-closed', 'before-quit', 'will-quit', 'quit']) {
  app.on(name, () => {
    state.events.push(name);
    if (process.env.FIXTURE_TRACE) console.log(`event ${name}`);
    if (name === 'window-all-closed' && !process.env.FIXTURE_STAYS) app.quit();
  });
}
app.on('before-quit', (event) => state.vetoQuit && event.preventDefault());
app.on('second-instance', (_event, argv, workingDirectory, additionalData) => state.secondInstances.push({ argv, workingDirectory, additionalData }));
app.on('child-process-gone', (_event, details) => state.events.push({ gone: details }));
app.on('render-process-gone', (_event, _contents, details) => state.events.push({ crashed: details.reason }));

async function serve(request) {
  const { pathname } = new URL(request.url);
  const file = pathname === '/' ? 'page.html' : path.basename(pathname);
  const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' };
  try {
    return new Response(await readFile(path.join(FOLDER, 'pages', file)), { headers: { 'content-type': types[path.extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY } });
  } catch {
    return new Response('not found', { status: 404 });
  }
}

function openWindow(page, options = {}) {
  const window = new BrowserWindow({ width: 640, height: 480, ...options, webPreferences: { preload: path.join(FOLDER, 'preload.cjs'), sandbox: true, contextIsolation: true } });
  window.on('close', (event) => state.vetoClose && event.preventDefault());
  for (const name of ['ready-to-show', 'close', 'closed', 'focus', 'blur']) window.on(name, () => state.events.push(`${page} ${name}`));
  window.webContents.setWindowOpenHandler(({ url }) => {
    state.opened.push(url);
    return { action: 'deny' };
  });
  window.webContents.on('will-navigate', (event) => {
    state.navigations.push(event.url);
    event.preventDefault();
  });
  state.events.push(`${page} load`);
  const loaded = window.loadURL(`app://bundle/${page}`);
  loaded.catch((error) => state.events.push(`${page} failed: ${error.message}`));
  return window;
}
state.openWindow = openWindow;

ipcMain.handle('echo', (_event, ...values) => values);
ipcMain.handle('fail', () => {
  throw new RangeError('out of range');
});
ipcMain.handle('who', (event) => ({ url: event.senderFrame.url, origin: event.senderFrame.origin, isTop: event.senderFrame.parent === null, sender: event.sender.id, sameContents: event.sender === BrowserWindow.fromWebContents(event.sender).webContents }));
ipcMain.handle('uncloneable', () => () => 'a function');
ipcMain.on('said', (event, value) => event.sender.send('tell', 'answer', value));

/** A child whose port goes to the page: what the page sends comes back from the child. */
ipcMain.handle('connect-child', (event) => {
  const child = utilityProcess.fork(path.join(FOLDER, 'child.js'), ['an argument'], { serviceName: 'contract child', stdio: 'pipe' });
  const record = { messages: [], output: '', pid: undefined };
  state.children.push(record);
  record.child = child;
  child.on('spawn', () => (record.pid = child.pid));
  child.on('message', (message) => record.messages.push(message));
  child.on('exit', (code) => (record.exitCode = code));
  child.stdout.on('data', (data) => (record.output += data));
  const { port1, port2 } = new MessageChannelMain();
  child.postMessage({ kind: 'port', bytes: new Uint8Array([7, 8, 9]) }, [port1]);
  event.sender.postMessage('port', null, [port2]);
});
ipcMain.handle('connect-main', (event) => {
  const { port1, port2 } = new MessageChannelMain();
  port1.on('message', ({ data }) => port1.postMessage({ echo: data }));
  port1.on('close', () => state.events.push('port closed'));
  port1.start();
  event.sender.postMessage('port', null, [port2]);
});

app.on('ready', () => {
  protocol.handle('app', serve);
  session.defaultSession.setPermissionRequestHandler((_contents, permission, answer) => {
    state.permissions.push(permission);
    answer(permission === 'notifications');
  });
  if (!process.env.FIXTURE_NO_WINDOW) openWindow('page.html');
});
