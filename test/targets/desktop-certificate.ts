import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../../scripts/processes/finished-process.ts';

/** Makes `cert.pem` and `key.pem` in a folder, as a desktop's server makes its own. */
export async function selfSignedFiles(folder: string): Promise<{ readonly certificate: Buffer; readonly certificateFile: string; readonly keyFile: string }> {
  const [certificateFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = await runToEnd('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=desktop.lab', '-keyout', keyFile, '-out', certificateFile]);
  if (made.code !== 0) throw new Error(`openssl made no certificate: ${made.errors}`);
  chmodSync(keyFile, 0o644);
  return { certificate: readFileSync(certificateFile), certificateFile, keyFile };
}
