/** Resolves with the reason when the process is asked to stop: by a signal, or, where wanted, by the end of its standard input. */
export function stopRequested(withStdin: boolean): Promise<'SIGTERM' | 'SIGINT' | 'stdin'> {
  return new Promise((resolve) => {
    // A second signal must not end the process in the middle of sealing.
    process.on('SIGTERM', () => resolve('SIGTERM'));
    process.on('SIGINT', () => resolve('SIGINT'));
    if (!withStdin) return;
    process.stdin.on('end', () => resolve('stdin'));
    process.stdin.on('close', () => resolve('stdin'));
    process.stdin.on('error', () => resolve('stdin'));
    process.stdin.resume();
  });
}
