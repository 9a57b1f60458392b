import './worker-window.ts';
import { KeyFrameMaker } from './key-frame-maker.ts';
import { type FromKeyFrames, toKeyFrames } from './key-frame-messages.ts';

/** The worker that plays a terminal's recording once for its key frames, so that this does not hold its page. */
let maker: KeyFrameMaker | undefined;
let working: Promise<void> = Promise.resolve();

async function take(before: Promise<void>, data: unknown): Promise<void> {
  await before;
  const message = toKeyFrames.parse(data);
  if (message.kind === 'begin') {
    maker = new KeyFrameMaker(message);
    return;
  }
  if (maker === undefined) throw new Error('output before the beginning');
  if (message.kind === 'every') {
    maker.everyBytes = message.bytes;
    return;
  }
  if (message.kind === 'resize') maker.resize(message.columns, message.rows);
  const frame = message.kind === 'output' ? ((await maker.output(message.events, message.bytes)) ?? null) : null;
  globalThis.postMessage({ frame } satisfies FromKeyFrames);
}

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  working = take(working, data);
});
