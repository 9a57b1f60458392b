/**
 * What our pages may load: files of the bundle, and nothing else (E7). By directive:
 *
 * - `style-src-elem` allows inline `<style>`: xterm.js writes its theme and its cell sizes into style elements of its own and
 *   knows no nonce. A style can neither run nor, with images and fonts from the bundle only, send anything out.
 * - `style-src-attr` allows inline attributes: where there is no WebGL, xterm.js writes true colours as `style="…"`. Text of a target
 *   never becomes markup, so that it cannot bring one of its own.
 * - `img-src data:` is for small pictures that the bundle carries in its styles.
 * - WebAssembly runs in the RDP window's page and in the worker that decodes recordings of RDP, and nowhere else
 *   (`contentSecurityPolicyOf`): its engine is a file of the bundle like any script, and compiling it is no `eval` of text.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "style-src-elem 'self' 'unsafe-inline'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'none'",
  "worker-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The page and the worker whose engine is WebAssembly, by their path in the bundle. */
const WITH_WEBASSEMBLY: ReadonlySet<string> = new Set(['/rdp-window.html', '/assets/rdp-decoder.js']);

/** The policy of one file of the bundle. */
export function contentSecurityPolicyOf(path: string): string {
  return WITH_WEBASSEMBLY.has(path) ? CONTENT_SECURITY_POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'") : CONTENT_SECURITY_POLICY;
}
