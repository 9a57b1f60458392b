import { contextBridge, ipcRenderer, webUtils } from 'electron';
import { callNames } from './call-names.ts';

type Call = (args: unknown) => Promise<unknown>;

/** One function for each call of the contract, its channel fixed here: a page can name no channel (E20). Main checks the arguments. */
function calls(subject: string, names: readonly string[]): Readonly<Record<string, Call>> {
  return Object.fromEntries(names.map((name) => [name, (args: unknown) => ipcRenderer.invoke(`${subject}.${name}`, args)]));
}

/** Calls back with what main tells, never with the event, which would hand `ipcRenderer` to the page. */
function listen(channel: 'store-patch' | 'action', listener: (value: unknown) => void): () => void {
  const onMessage = (_event: unknown, value: unknown): void => listener(value);
  ipcRenderer.on(channel, onMessage);
  return () => {
    ipcRenderer.removeListener(channel, onMessage);
  };
}

/** Files that the user dropped on the page: it never learns where they lie, and what it makes up itself lies nowhere. */
function uploadDropped({ files, ...args }: { readonly files: readonly File[] }): Promise<unknown> {
  return ipcRenderer.invoke('files.uploadDropped', { ...args, paths: files.map((file) => webUtils.getPathForFile(file)) });
}

const events = {
  onStorePatch: (listener: (patch: unknown) => void) => listen('store-patch', listener),
  onAction: (listener: (actionId: unknown) => void) => listen('action', listener),
};

const called = Object.fromEntries(Object.entries(callNames).map(([subject, names]) => [subject, calls(subject, names)]));
contextBridge.exposeInMainWorld('mavis', { ...called, files: { ...called['files'], uploadDropped }, events });

// A port cannot cross the bridge; the page gets it by a message to its own window, and only there.
ipcRenderer.on('session-port', (event, message: unknown) => {
  window.postMessage(message, window.location.origin, [...event.ports]);
});
