import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ClientSettings } from '../../../shared/ipc/settings.ts';
import type { SessionPolicy } from '../../../shared/policy/session-policy.ts';
import { agentAddress } from './agent-address.ts';
import { parseDisplay } from './x-display.ts';
import { cookieFor } from './x-authority.ts';

/** A home on a network that does not answer holds no session up. */
const READ_LIMIT_MS = 1000;
const MOST_AUTHORITY_BYTES = 1024 * 1024;

const socketAddress = z.union([z.object({ path: z.string().max(1000) }), z.object({ host: z.string().max(500), port: z.number().int().min(1).max(65_535) })]);

/** What of the user's own machine a session offers to its target: null where it is switched off or the rule does not allow it; an address of null where there is none. */
export const forwardingOffer = z.object({
  agent: z.object({ address: z.string().max(1000).nullable() }).nullable(),
  display: z
    .object({
      server: z.object({ address: socketAddress, screen: z.number().int().min(0).max(255), secretHex: z.string().max(512).nullable() }).nullable(),
      /** Programs on the target see nothing of the user's other windows. */
      restricted: z.boolean(),
    })
    .nullable(),
});
export type ForwardingOffer = z.infer<typeof forwardingOffer>;

export interface OfferParts {
  readonly policy: Pick<SessionPolicy, 'agentForwarding' | 'x11Forwarding'>;
  readonly settings: Pick<ClientSettings, 'forwardAgent' | 'forwardX11'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly homeFolder: string;
  readonly hostName: string;
}

/** What a session may offer: only where the rule allows it and the user has switched it on. */
export async function makeForwardingOffer({ policy, settings, environment, platform, homeFolder, hostName }: OfferParts): Promise<ForwardingOffer> {
  const agent = policy.agentForwarding && settings.forwardAgent ? { address: agentAddress(environment, platform) ?? null } : null;
  if (!policy.x11Forwarding || settings.forwardX11 === 'off') return { agent, display: null };
  const restricted = settings.forwardX11 === 'restricted';
  const display = parseDisplay(environment['DISPLAY']);
  if (display === undefined) return { agent, display: { server: null, restricted } };
  const file = await readAuthority(environment['XAUTHORITY'] ?? join(homeFolder, '.Xauthority'));
  const secret = file === undefined ? undefined : cookieFor(file, display, hostName);
  const address = socketAddress.safeParse(display.address).data;
  return { agent, display: { server: address === undefined ? null : { address, screen: display.screen, secretHex: secret?.toString('hex') ?? null }, restricted } };
}

/** A display that asks for no proof has no such file. */
async function readAuthority(file: string): Promise<Buffer | undefined> {
  try {
    const bytes = await readFile(file, { signal: AbortSignal.timeout(READ_LIMIT_MS) });
    return bytes.length <= MOST_AUTHORITY_BYTES ? bytes : undefined;
  } catch {
    return undefined;
  }
}
