import type { Protocol } from '../../shared/ids.ts';
import type { StartDesktopEngine } from './desktop-engine.ts';

/** The engine of each protocol that shows a desktop; loaded when a session of it opens, because a terminal needs none. */
export const desktopEngines: Partial<Record<Protocol, () => Promise<StartDesktopEngine>>> = {
  vnc: async () => (await import('./vnc-engine.ts')).startVncEngine,
  rdp: async () => (await import('./rdp-engine.ts')).startRdpEngine,
};
