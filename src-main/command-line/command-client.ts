import { randomBytes } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { knownErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type CommandEndpoint, requireOwn } from './endpoint.ts';
import { Lines } from './lines.ts';
import { answerLine, appHello, appProof, type CommandAnswer, commandAnswers, type CommandRequest } from './messages.ts';
import { isProof, proofOf } from './proofs.ts';

const HELLO_LIMIT_MS = 5000;
/** The service's word, and its gateway's, may take so long. */
const ANSWER_LIMIT_MS = 30_000;
/** A list of all that a large inventory holds. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
const MOST_LINE_BYTES = 16 * 1024;
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** Asks the running app. Gives its answer and the connection, on which what follows comes. Rejects with what the app says, `client.app-not-running` or `client.command-not-trusted`. */
export async function askApp<Kind extends CommandRequest['kind']>(endpoint: CommandEndpoint, user: number | undefined, request: Extract<CommandRequest, { kind: Kind }>): Promise<{ readonly answer: CommandAnswer<Kind>; readonly socket: Socket }> {
  const secret = readSecret(endpoint, user);
  const socket = await reach(endpoint);
  try {
    const lines = new Lines(socket);
    await prove(lines, secret, endpoint);
    lines.send(request);
    const line = answerLine.parse(JSON.parse(await lines.next(MOST_ANSWER_BYTES, ANSWER_LIMIT_MS)));
    if (!line.ok) throw new MavisError(knownErrorCode(line.code), line.args, line.reference === null ? {} : { reference: line.reference });
    // The table's schema for this kind; the compiler does not follow the key.
    return { answer: commandAnswers[request.kind].parse(line.value) as CommandAnswer<Kind>, socket };
  } catch (error) {
    socket.destroy();
    throw error instanceof MavisError ? error : new MavisError('client.command-not-trusted', { path: endpoint.address }, { cause: error });
  }
}

/** Both sides show that they know the secret: whoever listens in the app's place learns nothing. */
async function prove(lines: Lines, secret: string, endpoint: CommandEndpoint): Promise<void> {
  const hello = appHello.parse(JSON.parse(await lines.next(MOST_LINE_BYTES, HELLO_LIMIT_MS)));
  const nonces = { app: hello.nonce, command: randomBytes(32).toString('base64url') };
  lines.send({ nonce: nonces.command, proof: proofOf('command', secret, nonces) });
  const { proof } = appProof.parse(JSON.parse(await lines.next(MOST_LINE_BYTES, HELLO_LIMIT_MS)));
  if (!isProof(proof, 'app', secret, nonces)) throw new MavisError('client.command-not-trusted', { path: endpoint.address });
}

function readSecret({ folder, secretFile }: CommandEndpoint, user: number | undefined): string {
  requireOwn(folder, user);
  const stat = lstatSync(secretFile, { throwIfNoEntry: false });
  if (stat === undefined) throw new MavisError('client.app-not-running');
  const secret = stat.isFile() && (user === undefined || (stat.uid === user && (stat.mode & 0o077) === 0)) ? readFileSync(secretFile, 'utf8') : '';
  if (!SECRET.test(secret)) throw new MavisError('client.command-not-trusted', { path: secretFile });
  return secret;
}

function reach({ address, folder }: CommandEndpoint): Promise<Socket> {
  if (address.startsWith(folder)) {
    const stat = lstatSync(address, { throwIfNoEntry: false });
    if (stat === undefined) throw new MavisError('client.app-not-running');
    if (!stat.isSocket()) throw new MavisError('client.command-not-trusted', { path: address });
  }
  return new Promise((resolve, reject) => {
    const socket = connect(address, () => {
      socket.off('error', failed);
      socket.on('error', () => undefined);
      resolve(socket);
    });
    const failed = (cause: Error): void => reject(new MavisError('client.app-not-running', {}, { cause }));
    socket.once('error', failed);
  });
}
