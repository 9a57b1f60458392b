import type { Socket } from 'node:net';

/** Reads lines from the beginning of a connection; what follows the last one that was asked for stays in it, for whoever reads it then. */
export class Lines {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The next line without its end. Rejects where the connection ends before, is longer than `mostBytes`, or after `limitMs`. */
  next(mostBytes: number, limitMs: number): Promise<string> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      let read = Buffer.alloc(0);
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        socket.off('readable', onReadable).off('close', onClose);
        settle();
      };
      const onClose = (): void => done(() => reject(new Error('the connection ended')));
      const onReadable = (): void => {
        for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
          read = Buffer.concat([read, chunk]);
          const end = read.indexOf(0x0a);
          if (end > mostBytes || (end < 0 && read.length > mostBytes)) return done(() => reject(new Error('the line is too long')));
          if (end < 0) continue;
          if (end + 1 < read.length) socket.unshift(read.subarray(end + 1));
          return done(() => resolve(read.subarray(0, end).toString('utf8')));
        }
      };
      const timer = setTimeout(() => done(() => reject(new Error('no line in time'))), limitMs);
      socket.on('readable', onReadable).once('close', onClose);
      if (socket.destroyed) onClose();
      else onReadable();
    });
  }

  send(value: unknown): void {
    this.#socket.write(`${JSON.stringify(value)}\n`);
  }
}
