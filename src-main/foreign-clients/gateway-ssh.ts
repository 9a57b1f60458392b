import { Client } from 'ssh2';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { gatewaySshOptions } from '../sessions/ssh-shell.ts';
import type { ForeignSession } from './foreign-sessions.ts';

/** SSH with the gateway over a session's stream, its host key pinned. Rejects with `gateway.pin-mismatch`, else why the session ended or `gateway.protocol-error`. */
export function connectGatewaySsh({ stream, gateway, hostKey, ended }: ForeignSession): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    const checked = gatewaySshOptions({ stream, hostKey });
    const fail = (cause?: Error): void => {
      client.end();
      if (checked.wrongKey()) reject(new MavisError('gateway.pin-mismatch', { gateway }, { cause }));
      else ended.then(reject, reject);
    };
    client.on('error', fail);
    client.on('close', () => fail());
    client.on('ready', () => {
      client.setNoDelay(true);
      resolve(client);
    });
    client.connect(checked.options);
  });
}
