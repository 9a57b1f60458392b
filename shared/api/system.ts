import { z } from 'zod';
import { instant } from '../ids.ts';
import { defineRoute } from './route.ts';

export const systemRoutes = {
  about: defineRoute({ method: 'GET', path: '/v1/about', summary: 'Version, time, and the oldest client that is accepted', access: 'anyone', response: z.object({ product: z.literal('MAVIS'), version: z.string(), serverTime: instant, oldestClient: z.string(), embedded: z.boolean() }) }),
  health: defineRoute({ method: 'GET', path: '/v1/health', summary: 'The process answers', access: 'anyone', response: z.object({ ok: z.literal(true) }) }),
  ready: defineRoute({ method: 'GET', path: '/v1/ready', summary: 'The database answers and recordings can be stored', access: 'anyone', response: z.object({ ok: z.boolean(), database: z.boolean(), recordings: z.boolean() }) }),
  openapi: defineRoute({ method: 'GET', path: '/v1/openapi.json', summary: 'This API as OpenAPI 3.1', access: 'anyone', response: z.record(z.string(), z.unknown()) }),
} as const;
