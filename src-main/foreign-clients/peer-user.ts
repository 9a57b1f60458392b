import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';

/** The two ends of a connection over 127.0.0.1. */
export interface LoopbackEnds {
  /** The port of the one who connected. */
  readonly peerPort: number;
  /** Our own port. */
  readonly localPort: number;
}

/** 127.0.0.1 as `/proc/net/tcp` writes it, in the machine's byte order; and as `/proc/net/tcp6` writes it of one who connected to `::ffff:127.0.0.1`. */
const LOOPBACKS = endianness() === 'LE' ? ['0100007F', '0000000000000000FFFF00000100007F'] : ['7F000001', '00000000000000000000FFFF7F000001'];
/** Columns of the tables, which are the kernel's (`Documentation/networking/proc_net_tcp.rst`). */
const COLUMN = { local: 1, remote: 2, user: 7 } as const;
/** The kernel gives the tables piece by piece: what moves meanwhile may be missed, hardly three times. */
const LOOKS = 3;

/** Whose the far end of such a connection is, in one of the kernel's tables of sockets; undefined where it does not stand there. */
export function userInTable(table: string, { peerPort, localPort }: LoopbackEnds): number | undefined {
  const ends = new Set(LOOPBACKS.map((loopback) => `${loopback}:${hexPort(peerPort)} ${loopback}:${hexPort(localPort)}`));
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (ends.has(`${columns[COLUMN.local]} ${columns[COLUMN.remote]}`)) {
      const user = Number(columns[COLUMN.user]);
      return Number.isInteger(user) ? user : undefined;
    }
  }
  return undefined;
}

/**
 * Whether another account of this computer connected, or one that the system's tables do not name: they hold every connection over
 * loopback. Where the system does not say (only Linux does, in files), the password alone decides.
 */
export async function isOtherUser(ends: LoopbackEnds, ownUser: number | undefined, readTables: () => Promise<readonly string[]> = tablesOfSockets): Promise<boolean> {
  if (ownUser === undefined) return false;
  try {
    for (let look = 0; look < LOOKS; look += 1) {
      for (const table of await readTables()) {
        const user = userInTable(table, ends);
        if (user !== undefined) return user !== ownUser;
      }
    }
    return true;
  } catch {
    return false;
  }
}

/** Rejects where there are none. A machine without IPv6 has one alone. */
async function tablesOfSockets(): Promise<readonly string[]> {
  return Promise.all([readFile('/proc/net/tcp', 'latin1'), readFile('/proc/net/tcp6', 'latin1').catch(() => '')]);
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
