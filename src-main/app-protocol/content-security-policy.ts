/**
 * What our pages may load: files of the bundle, and nothing else (E7). By directive:
 *
 * - `style-src-elem` allows inline `<style>`: xterm.js writes its theme and its cell sizes into style elements of its own and
 *   knows no nonce. A style can neither run nor, with images and fonts from the bundle only, send anything out.
 * - `style-src-attr 'none'`: nothing needs `style="…"` in markup; scripts set styles through the object model, which this does not touch.
 * - `img-src data:` is for small pictures that the bundle carries in its styles.
 * - WebAssembly is not allowed yet: no page has any.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-elem 'self' 'unsafe-inline'",
  "style-src-attr 'none'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'none'",
  "worker-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
