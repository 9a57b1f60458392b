import { type FromDerived, type ToDerived, toDerived } from './derived-messages.ts';
import { DerivedStream } from './derived-stream.ts';

/** The worker that holds the derived pictures of one recording, so that comparing and packing them does not hold its page. */
const stream = new DerivedStream();
let working: Promise<void> = Promise.resolve();

function tell(message: FromDerived, transfer: Transferable[] = []): void {
  globalThis.postMessage(message, { transfer });
}

async function answer(message: ToDerived): Promise<void> {
  if (message.kind === 'add') {
    await stream.add(message.atMs, message);
    return tell({ kind: 'added', full: stream.full });
  }
  const picture = (await stream.pictureAt(message.ms)) ?? null;
  tell({ kind: 'picture', ask: message.ask, picture }, picture === null ? [] : [picture.pixels.buffer]);
}

async function answerInTurn(before: Promise<void>, message: ToDerived): Promise<void> {
  await before;
  await answer(message);
}

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  working = answerInTurn(working, toDerived.parse(data));
});
