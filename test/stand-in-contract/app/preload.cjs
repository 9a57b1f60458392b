// Sandboxed preload script of the fixture: CommonJS, as Electron's sandbox wants it.
const { contextBridge, ipcRenderer } = require('electron');

const seen = [];
ipcRenderer.on('tell', (_event, ...values) => seen.push(values));
ipcRenderer.on('port', (event) => window.postMessage('port', '*', event.ports));

window.addEventListener('message', (event) => {
  if (event.data === 'give-port') ipcRenderer.postMessage('take-port', null, event.ports);
});

contextBridge.exposeInMainWorld('fixture', {
  ranBeforePage: typeof window.pageHasRun === 'undefined',
  invoke: (channel, ...values) => ipcRenderer.invoke(channel, ...values),
  send: (channel, ...values) => ipcRenderer.send(channel, ...values),
  seen: () => seen,
  callBack: (callback) => callback('called', new Uint8Array([1, 2, 3])),
  fail: () => {
    throw new TypeError('failed on purpose');
  },
  isSandboxed: process.sandboxed,
});
