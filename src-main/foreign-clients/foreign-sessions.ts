import type { Duplex } from 'node:stream';
import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol } from '../../shared/ids.ts';
import type { SessionPolicy } from '../../shared/policy/session-policy.ts';

/** A session at a gateway for a program of the user's own: asked for, granted, recorded and ended as any other. */
export interface ForeignSession {
  /** What flows between client and gateway, as it is: SSH, packets of SFTP, RFB or RDP. */
  readonly stream: Duplex;
  readonly gateway: string;
  /** The fingerprint of the key that the gateway's SSH server shows in this stream; null for other protocols. */
  readonly hostKey: string | null;
  /** What it may do, as the service said. */
  readonly policy: SessionPolicy | null;
  /** Why it ended, once it has. */
  readonly ended: Promise<MavisError>;
  /** Ends it as the user would. */
  end(): void;
}

/** Opens sessions on the one resource that a program was let in for. Rejects with why there is none, with its reference. */
export interface ForeignSessions {
  open(protocol: Protocol): Promise<ForeignSession>;
}
