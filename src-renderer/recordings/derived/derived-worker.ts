import { type FromDerived, type ToDerived, toDerived } from './derived-messages.ts';
import { DerivedStream } from './derived-stream.ts';

/** The worker that holds the derived pictures of one recording, so that comparing and packing them does not hold its page. */
const stream = new DerivedStream();
let adding: Promise<void> = Promise.resolve();

function tell(message: FromDerived, transfer: Transferable[] = []): void {
  globalThis.postMessage(message, { transfer });
}

/** In turn: times must not go back. */
async function add(before: Promise<void>, message: Extract<ToDerived, { kind: 'add' }>): Promise<void> {
  await before;
  await stream.add(message.atMs, message);
  tell({ kind: 'added', full: stream.full });
}

/** At once: packing ten seconds of a film takes as long as a person waits for a picture at most. */
async function show({ ask, ms }: Extract<ToDerived, { kind: 'at' }>): Promise<void> {
  const picture = (await stream.pictureAt(ms)) ?? null;
  tell({ kind: 'picture', ask, picture }, picture === null ? [] : [picture.pixels.buffer]);
}

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const message = toDerived.parse(data);
  if (message.kind === 'at') void show(message);
  else if (message.kind === 'change') tell({ kind: 'change', ask: message.ask, atMs: stream.changeAfter(message.afterMs) ?? null });
  else adding = add(adding, message);
});
