import { MavisError } from '../../shared/errors/mavis-error.ts';

/** What the system said of a local file, as an error of the catalogue. Errors of ours stay as they are. */
export function localError(error: unknown): MavisError {
  if (error instanceof MavisError) return error;
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return new MavisError('files.local-missing', {}, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ELOOP') return new MavisError('files.local-permission', {}, { cause: error });
  if (code === 'ENOSPC' || code === 'EDQUOT') return new MavisError('files.local-space', {}, { cause: error });
  if (code === 'EEXIST') return new MavisError('files.exists', {}, { cause: error });
  return new MavisError('files.local-failed', { reason: code === '' ? 'unknown' : code }, { cause: error });
}

/** The system's word for an error (`ENOENT`); empty where it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
