import { MavisError } from '../../shared/errors/mavis-error.ts';
import { printableFileName } from '../../shared/sftp/file-name-bytes.ts';
import { decodeRefusal } from '../../shared/sftp/refusal-text.ts';
import { statusCode } from '../../shared/sftp/sftp-constants.ts';

/** What a status of the way to the target means: a refusal by the rule says so itself, all else is the target's own. */
export function remoteError(status: number, message: string): MavisError {
  const refused = decodeRefusal(message);
  if (refused !== undefined) return new MavisError(refused.code, refused.args);
  if (status === statusCode.noSuchFile) return new MavisError('files.not-found');
  // Words of later versions, which some servers say in this one.
  if (status === statusCode.noSpace || status === statusCode.quotaExceeded) return new MavisError('files.no-space');
  if (status === statusCode.permissionDenied) return new MavisError('files.no-permission');
  return new MavisError('files.target-failed', { said: printableFileName(message === '' ? `status ${status}` : message).slice(0, 200) });
}

/** Whether nothing stands where something was looked for. */
export function isMissing(error: unknown): boolean {
  return error instanceof MavisError && error.code === 'files.not-found';
}
