import { createServer, type Server, type Socket } from 'node:net';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { isOtherUser } from './peer-user.ts';

/** Connections that have not proved who they are, at once: of one person's programs there is one. */
const MOST_UNPROVED = 4;

export interface LocalPortParts {
  /** Speaks with one who connected until he has gone. */
  readonly serve: (socket: Socket) => Promise<void>;
  /** An account of another's tried to connect. */
  readonly onOtherUser: () => void;
  /** The account that this program runs under, where the system has numbers for them. */
  readonly ownUser: number | undefined;
}

/** A port on 127.0.0.1, of the system's choice, for one program of the user's own. It is closed as soon as one was let in. */
export class LocalPort {
  readonly #parts: LocalPortParts;
  readonly #server: Server;
  readonly #unproved = new Set<Socket>();
  #kept: Socket | undefined;

  constructor(parts: LocalPortParts) {
    this.#parts = parts;
    this.#server = createServer({ noDelay: true }, (socket) => this.#take(socket));
  }

  /** Opens it; gives its number. Rejects with `client.port-not-opened`. */
  open(): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(new MavisError('client.port-not-opened', { reason: 'code' in error ? String(error.code) : error.name }, { cause: error }));
      this.#server.once('error', failed);
      this.#server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
        this.#server.off('error', failed);
        // One connection that could not be taken is no reason to close the port.
        this.#server.on('error', () => undefined);
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new MavisError('client.port-not-opened', { reason: 'address' }));
      });
    });
  }

  /** One has proved that he may come in: no other comes any more. */
  letIn(socket: Socket): void {
    this.#kept = socket;
    this.#server.close();
    for (const other of this.#unproved) if (other !== socket) other.destroy();
  }

  close(): void {
    this.#server.close();
    this.#kept?.destroy();
    for (const socket of this.#unproved) socket.destroy();
  }

  #take(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#kept !== undefined || this.#unproved.size >= MOST_UNPROVED) {
      socket.destroy();
      return;
    }
    this.#unproved.add(socket);
    socket.once('close', () => this.#unproved.delete(socket));
    void this.#serve(socket);
  }

  async #serve(socket: Socket): Promise<void> {
    const { serve, onOtherUser, ownUser } = this.#parts;
    const { remotePort: peerPort, localPort } = socket;
    if (peerPort === undefined || localPort === undefined || (await isOtherUser({ peerPort, localPort }, ownUser))) {
      if (peerPort !== undefined) onOtherUser();
      socket.destroy();
      return;
    }
    await serve(socket);
    socket.destroy();
  }
}
