import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** A socket of this machine answers at once, or nobody is there. */
const CONNECT_LIMIT_MS = 3000;

/** Connects to a program on the user's own machine. Rejects where nobody listens, or does not take the connection within three seconds. */
export function connectLocally(address: NetConnectOpts): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), CONNECT_LIMIT_MS);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      // What comes later ends the stream; whoever uses it hears its 'close'.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
