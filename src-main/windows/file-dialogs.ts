import { join } from 'node:path';
import { app, dialog } from 'electron';
import type { SavedType } from '../ipc/handlers.ts';

/** What the dialogs call the kinds of files, which are names of formats. */
const SAVED_TYPES: Readonly<Record<SavedType, { name: string; extensions: string[] }>> = {
  asciicast: { name: 'asciicast', extensions: ['cast'] },
  webm: { name: 'WebM', extensions: ['webm'] },
  csv: { name: 'CSV', extensions: ['csv'] },
  jsonl: { name: 'JSON Lines', extensions: ['jsonl'] },
  json: { name: 'JSON', extensions: ['json'] },
  html: { name: 'HTML', extensions: ['html'] },
};

/** The system's dialogs for files and folders; undefined, or an empty list, where the user chose none. */
export const fileDialogs = {
  folder: () => openOne({ properties: ['openDirectory', 'createDirectory'] }),
  files: () => open({ properties: ['openFile', 'multiSelections'] }),
  keyFile: () => openOne({ properties: ['openFile', 'showHiddenFiles'] }),
  settingsFile: () => openOne({ properties: ['openFile'], filters: [SAVED_TYPES.json] }),
  /** Where a file shall be saved; the suggestion is in the user's documents. */
  savePath: async (suggestedName: string, type: SavedType): Promise<string | undefined> => {
    const { canceled, filePath } = await dialog.showSaveDialog({ defaultPath: join(app.getPath('documents'), suggestedName), filters: [SAVED_TYPES[type]] });
    return canceled || filePath === '' ? undefined : filePath;
  },
} as const;

async function open(options: Electron.OpenDialogOptions): Promise<readonly string[]> {
  const { canceled, filePaths } = await dialog.showOpenDialog(options);
  return canceled ? [] : filePaths;
}

async function openOne(options: Electron.OpenDialogOptions): Promise<string | undefined> {
  return (await open(options))[0];
}
