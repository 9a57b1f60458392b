import type { X11Info, X11Options } from 'ssh2';

/** The one way of proving to an X server that OpenSSH forwards; its secret is 16 bytes in hexadecimal. */
const COOKIE_KIND = 'MIT-MAGIC-COOKIE-1';
const MOST_SCREENS = 256;

/** A client's `x11-req` (RFC 4254 section 6.3.1) as it may go on to the target, or undefined: a server gives both texts to `xauth` on a command line. */
export function forwardableDisplay({ single, protocol, cookie, screen }: X11Info): X11Options | undefined {
  // ssh2 gives the cookie as bytes, whatever its typings say.
  const secret = Buffer.from(cookie).toString('latin1');
  if (protocol !== COOKIE_KIND || !/^[0-9a-f]{32}$/i.test(secret) || screen >= MOST_SCREENS) return undefined;
  return { single, protocol, cookie: secret, screen };
}
