import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { BUNDLE_SCHEME } from './bundle-origin.ts';
import { contentSecurityPolicyOf } from './content-security-policy.ts';

/** The kinds of files that a bundle holds; a file of another kind is not served. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
  '.wasm': 'application/wasm',
};

interface BundleFile {
  readonly file: string;
  readonly mediaType: string;
}

/**
 * Every file that pages can ask for, by its path in the address: made once from the bundle's folder. An address is looked up
 * in it and never turned into a path, so that there is no way out of the folder (E18).
 */
export function bundleFiles(folder: string): ReadonlyMap<string, BundleFile> {
  const files = new Map<string, BundleFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const mediaType = MEDIA_TYPES[extname(entry.name)];
    if (!entry.isFile() || mediaType === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const path = file.slice(folder.length).replaceAll('\\', '/');
    files.set(path.startsWith('/') ? path : `/${path}`, { file, mediaType });
  }
  return files;
}

/** What is answered to a request of a page; 404 for whatever is not a file of the bundle, whatever its address looks like. */
export async function answerBundleRequest(files: ReadonlyMap<string, BundleFile>, request: { readonly url: string; readonly method: string }): Promise<Response> {
  const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  const found = url?.protocol === `${BUNDLE_SCHEME}:` && url.host === 'bundle' && request.method === 'GET' ? files.get(url.pathname) : undefined;
  if (!found) return new Response('not found', { status: 404, headers: securityHeaders('', 'text/plain; charset=utf-8') });
  return new Response(new Uint8Array(await readFile(found.file)), { status: 200, headers: securityHeaders(url?.pathname ?? '', found.mediaType) });
}

function securityHeaders(path: string, mediaType: string): Record<string, string> {
  return {
    'content-type': mediaType,
    'content-security-policy': contentSecurityPolicyOf(path),
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  };
}
