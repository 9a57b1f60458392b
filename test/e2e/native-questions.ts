import { z } from 'zod';
import type { OpenApp } from './launch-app.ts';

const questions = z.array(z.object({ message: z.string(), detail: z.string().default(''), buttons: z.array(z.string()), defaultId: z.number(), cancelId: z.number(), ownWindow: z.boolean() }));

/** Has native questions answered with the button of this place, or with the one that closing means; gives what was asked. */
export async function answerQuestions({ electronApp }: OpenApp, button: number | 'close'): Promise<() => Promise<z.infer<typeof questions>>> {
  await electronApp.evaluate(({ dialog, BrowserWindow }, chosen) => {
    const asked: unknown[] = [];
    Object.assign(globalThis, { questionsAsked: asked });
    Object.assign(dialog, {
      showMessageBox: (...given: [unknown, { message: string; cancelId: number }]) => {
        const [owner, options] = given;
        asked.push({ ...options, ownWindow: owner === BrowserWindow.getAllWindows().find((window) => window.webContents.getURL().includes('main-window')) });
        return Promise.resolve({ response: chosen === 'close' ? options.cancelId : chosen, checkboxChecked: false });
      },
    });
  }, button);
  return async () => questions.parse(await electronApp.evaluate((): unknown => Reflect.get(globalThis, 'questionsAsked')));
}
