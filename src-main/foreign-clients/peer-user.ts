import { readFile } from 'node:fs/promises';

/** The two ends of a connection over 127.0.0.1. */
export interface LoopbackEnds {
  /** The port of the one who connected. */
  readonly peerPort: number;
  /** Our own port. */
  readonly localPort: number;
}

/** 127.0.0.1 as `/proc/net/tcp` writes it, in the machine's byte order. */
const LOOPBACK = '0100007F';
/** Columns of the table, which is the kernel's (`Documentation/networking/proc_net_tcp.rst`). */
const COLUMN = { local: 1, remote: 2, user: 7 } as const;

/** Whose the far end of such a connection is, in the kernel's table of sockets; undefined where it does not stand there. */
export function userInTable(table: string, { peerPort, localPort }: LoopbackEnds): number | undefined {
  const ends = { local: `${LOOPBACK}:${hexPort(peerPort)}`, remote: `${LOOPBACK}:${hexPort(localPort)}` };
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[COLUMN.local] === ends.local && columns[COLUMN.remote] === ends.remote) {
      const user = Number(columns[COLUMN.user]);
      return Number.isInteger(user) ? user : undefined;
    }
  }
  return undefined;
}

/** Whether another account of this computer connected; where the system does not say (only Linux does, in a file), the password alone decides. */
export async function isOtherUser(ends: LoopbackEnds, ownUser: number | undefined, readTable: () => Promise<string> = () => readFile('/proc/net/tcp', 'latin1')): Promise<boolean> {
  if (ownUser === undefined) return false;
  try {
    const user = userInTable(await readTable(), ends);
    return user !== undefined && user !== ownUser;
  } catch {
    return false;
  }
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
