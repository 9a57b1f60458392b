/** Where something listens: a name or an address without brackets, and its port. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The place of an `https` URL; port 443 where it names none. Throws TypeError for a text that is no URL. */
export function placeOf(address: string | URL): Place {
  const url = new URL(address);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port === '' ? 443 : url.port) };
}
