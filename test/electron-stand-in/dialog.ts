import { guarded, notInStandIn, recordCall } from './covered.ts';

/** `(window, options)` or `(options)`. */
function optionsOf<T>(first: unknown, second: unknown): T {
  return (second ?? first) as T;
}

function recorded<T>(name: string, first: unknown, second: unknown, answer: T): T {
  recordCall(`dialog.${name}`, optionsOf(first, second));
  return answer;
}

/**
 * Electron's `dialog`, call only: nothing is drawn. Message boxes are answered by their `cancelId`, or else their last button,
 * file dialogs as cancelled. Tests that want another answer replace the function, as they would on Electron.
 */
export const dialog = guarded('dialog', {
  showMessageBox(first: unknown, second?: unknown): Promise<Electron.MessageBoxReturnValue> {
    const options = optionsOf<Electron.MessageBoxOptions>(first, second);
    const response = options.cancelId ?? Math.max(0, (options.buttons?.length ?? 1) - 1);
    return Promise.resolve(recorded('showMessageBox', first, second, { response, checkboxChecked: options.checkboxChecked ?? false }));
  },
  showMessageBoxSync(first: unknown, second?: unknown): number {
    const options = optionsOf<Electron.MessageBoxSyncOptions>(first, second);
    return recorded('showMessageBoxSync', first, second, options.cancelId ?? Math.max(0, (options.buttons?.length ?? 1) - 1));
  },
  showOpenDialog: (first: unknown, second?: unknown) => Promise.resolve(recorded('showOpenDialog', first, second, { canceled: true, filePaths: [] as string[] })),
  showOpenDialogSync: (first: unknown, second?: unknown): string[] | undefined => recorded('showOpenDialogSync', first, second, undefined),
  showSaveDialog: (first: unknown, second?: unknown) => Promise.resolve(recorded('showSaveDialog', first, second, { canceled: true, filePath: '' })),
  showSaveDialogSync: (first: unknown, second?: unknown): string => recorded('showSaveDialogSync', first, second, ''),
  showErrorBox: (title: string, content: string) => {
    recordCall('dialog.showErrorBox', title, content);
    console.error(`${title}: ${content}`);
  },
  showCertificateTrustDialog(): Promise<void> {
    throw notInStandIn('dialog.showCertificateTrustDialog');
  },
} satisfies Electron.Dialog);
