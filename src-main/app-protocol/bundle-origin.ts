/** The scheme and host of our own pages; a page of anything else is not ours. */
export const BUNDLE_SCHEME = 'app';
export const BUNDLE_ORIGIN = 'app://bundle';

/**
 * Origin of an address, for every scheme: Node's `URL.origin` is 'null' for schemes that the URL standard does not call
 * special, `app:` among them. Undefined for what is no address.
 */
export function originOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.origin !== 'null') return url.origin;
  return url.host === '' || url.username !== '' || url.password !== '' ? undefined : `${url.protocol}//${url.host}`;
}

/** Whether an address is a page of the bundle: parsed and compared by origin, never by how the text begins (E13). */
export function isBundleAddress(address: string): boolean {
  return originOf(address) === BUNDLE_ORIGIN;
}
