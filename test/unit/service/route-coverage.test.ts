import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { routes } from '../../../shared/api/index.ts';
import type { Route } from '../../../shared/api/route.ts';
import { openApiDocument } from '../../../src-service/http/openapi.ts';
import { routeNames } from '../../../src-service/http/server.ts';
import { mayCall } from '../../../src-service/http/register-routes.ts';

describe('the API', () => {
  test('OpenAPI 3.1 names every route once, with its parameters', () => {
    const document = openApiDocument('1.2.3');
    const text = JSON.stringify(document);
    expect(document['openapi']).toBe('3.1.0');
    for (const name of routeNames) expect(text.split(`"operationId":"${name}"`).length - 1).toBe(1);
    expect(text).toContain('"/v1/users/{userId}/disable"');
    expect(text).toContain('mavis-signature-nonce');
  });

  test('no two routes share method and path', () => {
    const all = Object.values<Route>(routes).map(({ method, path }) => `${method} ${path.replaceAll(/:\w+/g, ':')}`);
    expect(new Set(all).size).toBe(all.length);
  });

  test.each(routeNames)('a handler is bound to %s', async (name) => {
    const folder = new URL('../../../src-service/', import.meta.url);
    const { glob } = await import('node:fs/promises');
    const files: string[] = [];
    for await (const file of glob('**/*-routes.ts', { cwd: folder })) files.push(await readFile(new URL(file, folder), 'utf8'));
    expect(files.filter((file) => new RegExp(`\\b${name}: handle(?:Open)?\\(routes\\.${name},`).test(file))).toHaveLength(1);
  });

  test('what is open to one role is open to no other', () => {
    expect(mayCall('auditor', ['admin'])).toBe(false);
    expect(mayCall('admin', ['auditor'])).toBe(false);
    expect(mayCall('vendor', 'signed-in')).toBe(true);
  });
});
