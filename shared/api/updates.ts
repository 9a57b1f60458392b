import { z } from 'zod';
import { feedFileName } from '../updates/update-manifest.ts';
import { defineRoute } from './route.ts';

/** The feed of the desktop client's updates. Open to anyone: who may not sign in because his client is too old needs it most, and what proves a file is its publisher's signature. */
export const updatesRoutes = {
  updateFile: defineRoute({ method: 'GET', path: '/v1/updates/:name', summary: 'A file of the feed of client updates: a channel’s signed manifest, or a package', access: 'anyone', params: z.object({ name: feedFileName }), response: z.unknown(), mediaType: 'application/octet-stream' }),
} as const;
