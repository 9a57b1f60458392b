/** How long and how high the bell sounds: short enough not to annoy, low enough for every loudspeaker. */
const BELL_SECONDS = 0.08;
const BELL_HERTZ = 660;

/** Sounds the bell once. */
export function ringBell(): void {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.06;
  tone.frequency.value = BELL_HERTZ;
  tone.connect(volume).connect(audio.destination);
  tone.addEventListener('ended', () => void audio.close());
  tone.start();
  tone.stop(audio.currentTime + BELL_SECONDS);
}

/** Lets a call through at most once every `everyMs`. */
export function atMostEvery(everyMs: number, now: () => number, call: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - last < everyMs) return;
    last = now();
    call();
  };
}
