import { Duplex, PassThrough } from 'node:stream';
import { asMavisError, MavisError } from '../../../shared/errors/mavis-error.ts';
import { EndedEarly, readExactly } from './exact-read.ts';
import { RfbPipe } from './rfb-pipe.ts';
import { ViewerFormat } from './viewer-format.ts';
import { carryPictures } from './viewer-pictures.ts';
import { carryRequests } from './viewer-requests.ts';

const VERSION = Buffer.from('RFB 003.008\n', 'latin1');
const NONE = 1;
const ACCEPTED = Buffer.alloc(4);
const SERVER_INIT_BYTES = 24;
/** The gateway lets no longer name of a desktop through. */
const MOST_NAME_BYTES = 64 * 1024;

/**
 * A VNC session as a viewer of the user's own reads it, from ClientInit on. Sessions know one pixel format, in which they are recorded
 * and played; viewers ask for their own, so pictures are unpacked here, away from main's thread, and written in the viewer's.
 * What breaks RFB on either side is given to `fail`, once.
 */
export function viewerDesktop(gateway: Duplex, fail: (error: MavisError) => void): Duplex {
  const toViewer = new PassThrough();
  const fromViewer = new PassThrough();
  const desktop = Duplex.from({ readable: toViewer, writable: fromViewer });
  carryDesktop(gateway, fromViewer, toViewer).catch((thrown: unknown) => {
    if (!(thrown instanceof EndedEarly)) fail(asMavisError(thrown));
    toViewer.end();
    gateway.end();
  });
  return desktop;
}

async function carryDesktop(gateway: Duplex, fromViewer: PassThrough, toViewer: PassThrough): Promise<void> {
  await greetGateway(gateway);
  const requests = new RfbPipe(fromViewer, gateway);
  const pictures = new RfbPipe(gateway, toViewer);
  // ClientInit.
  await requests.pass(1);
  // ServerInit: the gateway gives it with the format of sessions, which holds for a viewer that asks for none.
  const nameBytes = (await pictures.look(SERVER_INIT_BYTES)).readUInt32BE(20);
  if (nameBytes > MOST_NAME_BYTES) throw new MavisError('gateway.protocol-error');
  await pictures.pass(nameBytes);
  const format = new ViewerFormat();
  await Promise.race([carryPictures(pictures, format), carryRequests(requests, format)]);
}

/** The gateway's part of the handshake, which asks its client for nothing (RFC 6143 section 7.1). */
async function greetGateway(stream: Duplex): Promise<void> {
  const expect = async (bytes: Buffer): Promise<void> => {
    if (!(await readExactly(stream, bytes.length)).equals(bytes)) throw new MavisError('gateway.protocol-error');
  };
  await expect(VERSION);
  stream.write(VERSION);
  await expect(Buffer.of(1, NONE));
  stream.write(Buffer.of(NONE));
  await expect(ACCEPTED);
}
