import { z } from 'zod';
import { RunningByRoot } from './by-root.ts';
import { provideLabAccount } from './lab-account.ts';
import { startVncTarget, type VncTargetOptions } from './vnc-target.ts';

/** A running TigerVNC that signs on accounts of its machine, by name and password (VeNCrypt's Plain kinds). */
export interface AccountVncTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

export type AccountVncOptions = Required<Pick<VncTargetOptions, 'securityTypes'>> & { readonly certificate?: VncTargetOptions['certificate'] | undefined };

/** Starts one. Needs root, which alone checks passwords of accounts: an account with sudo has it in a process of root's. Whoever starts it stops it. */
export async function startAccountVncTarget({ securityTypes, certificate }: AccountVncOptions): Promise<AccountVncTarget> {
  if (process.getuid?.() !== 0) return startBySudo({ securityTypes, certificate });
  const { name, password } = await provideLabAccount();
  if (password === undefined) throw new Error('accounts need root');
  const { host, port, stop } = await startVncTarget({ securityTypes, ...(certificate === undefined ? {} : { certificate }), width: 320, height: 200, extraParameters: ['-PlainUsers', name, '-PAMService', 'tigervnc'] });
  return { host, port, user: name, password, stop };
}

const facts = z.object({ host: z.string(), port: z.number(), user: z.string(), password: z.string() });

async function startBySudo(options: AccountVncOptions): Promise<AccountVncTarget> {
  const running = await RunningByRoot.start({ target: 'vnc', ...options });
  return { ...facts.parse(running.facts), stop: () => running.stop() };
}
