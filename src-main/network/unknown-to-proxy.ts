import type { MavisError } from '../../shared/errors/mavis-error.ts';

/** The proxy (`host:port`) that wants to know who the user is, or did not take what it was shown; null for any other failure. */
export function unknownToProxy({ code, args }: MavisError): string | null {
  return code === 'proxy.authentication-required' || code === 'proxy.authentication-failed' ? String(args['proxy'] ?? '') : null;
}
