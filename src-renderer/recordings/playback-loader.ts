import type { RecordingId } from '../../shared/ids.ts';
import { isDesktop } from '../../shared/ipc/desktop-protocols.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import { PlaybackDecoder, type PlaybackEnd, type PlaybackHeader } from '../../shared/recording/playback.ts';
import { type RecordingFrame, RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import { ask, shownErrorOf } from '../mavis/ask.ts';

/** What a load tells as it goes on. */
export interface PlaybackSink {
  readonly onHeader: (header: PlaybackHeader) => void;
  readonly onFrames: (frames: readonly RecordingFrame[]) => void;
  readonly onEnd: (end: PlaybackEnd | null) => void;
  readonly onError: (error: ShownError) => void;
}

/** A page holds at most so much of a recording: a day of busy terminal work, and no more than a window can bear. */
export const MAX_PLAYBACK_BYTES = 256 * 1024 * 1024;

/** Reads a recording from main piece by piece until its end, a fault, more than a page can hold, or the signal; main's reading is closed in every case. */
export async function loadPlayback(mavis: Pick<WindowApi, 'playback'>, recordingId: RecordingId, sink: PlaybackSink, signal: AbortSignal, mostBytes = MAX_PLAYBACK_BYTES): Promise<void> {
  const opened = await ask(mavis.playback.open({ recordingId }));
  if (!opened.ok) {
    if (!signal.aborted) sink.onError(opened.error);
    return;
  }
  const { playbackId } = opened.value;
  try {
    await readAll(mavis, playbackId, sink, signal, mostBytes);
  } finally {
    await ask(mavis.playback.close({ playbackId }));
  }
}

async function readAll(mavis: Pick<WindowApi, 'playback'>, playbackId: string, sink: PlaybackSink, signal: AbortSignal, mostBytes: number): Promise<void> {
  const decoder = new PlaybackDecoder();
  let offset = 0;
  let tooLong: 'recording.too-long-to-play' | 'recording.too-long-to-show' = 'recording.too-long-to-play';
  const noted: PlaybackSink = {
    ...sink,
    onHeader: (header) => {
      // Of a desktop there is no asciicast that another player would show.
      if (isDesktop(header.protocol)) tooLong = 'recording.too-long-to-show';
      sink.onHeader(header);
    },
  };
  while (!signal.aborted) {
    // That this window holds no more says nothing of the evidence, which is whole.
    if (offset >= mostBytes) return sink.onError(shownErrorOf(tooLong));
    const answer = await ask(mavis.playback.read({ playbackId, offset }));
    if (signal.aborted) return;
    if (!answer.ok) return sink.onError(answer.error);
    const { bytes, done } = answer.value;
    offset += bytes.length;
    try {
      hand(decoder, bytes, noted);
    } catch (error) {
      if (!(error instanceof RecordingFormatError)) throw error;
      return sink.onError(shownErrorOf('service.answer-invalid'));
    }
    if (done || decoder.ended) break;
  }
  if (!decoder.ended && !signal.aborted) sink.onEnd(null);
}

function hand(decoder: PlaybackDecoder, bytes: Uint8Array, sink: PlaybackSink): void {
  const frames: RecordingFrame[] = [];
  for (const part of decoder.push(bytes)) {
    if (part.part === 'header') sink.onHeader(part.header);
    else if (part.part === 'frame') frames.push(part.frame);
    else {
      sink.onFrames(frames.splice(0));
      sink.onEnd(part.end);
    }
  }
  if (frames.length > 0) sink.onFrames(frames);
}
