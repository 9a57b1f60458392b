import { z } from 'zod';

/** How a profile gets out of this computer's network: as the system says (settings, PAC file, environment), never by a proxy, or by the HTTP proxy named here. */
export const proxySetting = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('system') }),
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('manual'), host: z.string().min(1).max(255).regex(/^[^\s\p{Cc}/@[\]]+$/u), port: z.number().int().min(1).max(65_535) }),
]);
export type ProxySetting = z.infer<typeof proxySetting>;

/** What a person types for a proxy (RFC 7617): a colon would end the name, and neither part may end the header. */
export const proxyUserName = z.string().min(1).max(256).regex(/^[^\p{Cc}:]+$/u);
export const proxyPassword = z.string().max(256).regex(/^\P{Cc}*$/u);
