import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { serviceEvent } from '../../../shared/api/events.ts';
import { routes } from '../../../shared/api/index.ts';
import { problem } from '../../../shared/api/route.ts';
import { SIGN_IN_CONTEXT } from '../../../shared/api/sign-in.ts';
import { isSignedBy, verifySignedRequest } from '../../../src-service/http/signed-request.ts';
import { readMarkdown } from './markdown.ts';

const document = readFileSync(join(import.meta.dirname, '../../../docs/api.md'), 'utf8');
/** The examples of the document by the words in their markers. */
const examples = new Map([...document.matchAll(/<!-- example: ([\w ]+) -->\n```\w*\n([\s\S]*?)```/g)].map(([, name = '', text = '']) => [name, text]));

describe('docs/api.md', () => {
  test.each([
    ['resourceList response', routes.resourceList.response],
    ['connectionAsk body', routes.connectionAsk.body],
    ['problem', problem],
  ] as const)('the example “%s” is what the schema says, no more and no less', (name, schema) => {
    const example: unknown = JSON.parse(examples.get(name) ?? '');
    expect(schema.parse(example)).toEqual(example);
  });

  test('the example of the event stream is what clients parse', () => {
    const events = [...(examples.get('events') ?? '').matchAll(/^event: (.+)\ndata: (.+)$/gm)].map(([, kind, data = '']) => ({ kind, data: JSON.parse(data) as unknown }));
    expect(events[0]?.kind).toBe('hello');
    expect(events.length).toBeGreaterThan(2);
    for (const { kind, data } of events) {
      const parsed = serviceEvent.parse(data);
      expect(parsed).toEqual(data);
      expect(parsed.kind).toBe(kind);
    }
  });

  test('explains each kind of event', () => {
    const rows = [...document.matchAll(/^\| `([\w-]+)` \| [^|]+ \|$/gm)].map(([, kind]) => kind);
    const kinds = serviceEvent.options.map(({ shape }) => shape.kind.value);
    expect([...rows, 'hello'].toSorted()).toEqual(kinds.toSorted());
  });

  test('names no path that is no route', () => {
    const known = Object.values(routes).map(({ path }) => path);
    const named = readMarkdown(document).code.flatMap(({ text }) => [...text.matchAll(/\/v1\/[\w./-]+/g)].map(([path]) => path));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((path) => !known.some((route) => route === path))).toEqual([]);
  });

  test('limits are those of the service', () => {
    expect(routes.resourceList.maxBodyBytes).toBe(64 * 1024);
    expect(routes.resourceImport.maxBodyBytes).toBe(64 * 1024 * 1024);
    expect(routes.resourceList.query.parse({})).toMatchObject({ limit: 100 });
    expect(routes.resourceList.query.safeParse({ limit: 1001 }).success).toBe(false);
  });
});

describe('the program of docs/api.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mavis-api-'));
  afterEach(() => {
    vi.unstubAllGlobals();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  test('signs in and signs requests as the service demands', async () => {
    const [, program = ''] = /```js\n([\s\S]*?)```/.exec(document) ?? [];
    const file = join(folder, 'program.mjs');
    writeFileSync(file, program);
    const { ask, signIn } = exported.parse(await import(/* @vite-ignore */ pathToFileURL(file).href));
    const token = 'T'.repeat(43);
    const keys: string[] = [];
    const seen: string[] = [];
    vi.stubGlobal('fetch', async (url: string, given: { method: string; headers: Record<string, string>; body?: string }) => {
      const path = url.replace('https://service', '');
      seen.push(path);
      if (path === '/v1/sign-in/challenge') return answer({ nonce: 'n'.repeat(32) });
      if (path === '/v1/sign-in') {
        const body = routes.signIn.body.parse(JSON.parse(given.body ?? ''));
        expect(isSignedBy(body.clientKey, [SIGN_IN_CONTEXT, 'n'.repeat(32), body.clientKey].join('\n'), body.signature)).toBe(true);
        keys.push(body.clientKey);
        return answer({ token });
      }
      expect(given.headers['authorization']).toBe(`Bearer ${token}`);
      const request = { method: given.method, path, headers: given.headers, body: Buffer.from(given.body ?? ''), tokenSha256: createHash('sha256').update(token).digest('base64url'), clientKey: keys[0] ?? '' };
      await verifySignedRequest(request, { now: () => new Date() }, async () => true);
      return answer({ code: 'gateway.none-available', args: { segment: 'gateway-office1' } }, 503);
    });
    expect(await signIn('https://service', 'admin', 'a long password')).toBe(token);
    const asked = ask('https://service', 'POST', routes.connectionAsk.path, { token, sign: true, body: JSON.parse(examples.get('connectionAsk body') ?? '') as unknown });
    await expect(asked).rejects.toMatchObject({ code: 'gateway.none-available' });
    expect(seen).toEqual(['/v1/sign-in/challenge', '/v1/sign-in', '/v1/connections']);
  });
});

const exported = z.object({
  ask: z.custom<(service: string, method: string, path: string, options: { body?: unknown; token?: string; sign?: boolean }) => Promise<unknown>>((value) => typeof value === 'function'),
  signIn: z.custom<(service: string, name: string, password: string) => Promise<string>>((value) => typeof value === 'function'),
});

function answer(body: unknown, status = 200): { ok: boolean; json: () => Promise<unknown> } {
  return { ok: status < 400, json: () => Promise.resolve(body) };
}
