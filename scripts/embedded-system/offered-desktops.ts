import { join } from 'node:path';
import type { StartedProcesses } from '../processes/started-processes.ts';
import { say } from '../set-up/plain-line.ts';
import { startDemoDesktops, type DemoDesktop, type DemoDesktops } from './demo-desktops.ts';
import { provisionDesktops } from './desktop-provisioning.ts';
import type { EmbeddedSystem } from './embedded-system.ts';
import { ServiceClient } from './service-client.ts';

/** Desktops beside the embedded system, started behind the app's back. */
export type OfferedDesktops = {
  /** What is offered, once it can be connected to; nothing where it was stopped before. Never rejects. */
  readonly ready: Promise<readonly DemoDesktop[]>;
  stop(): Promise<void>;
};

/** Starts the machine's desktops and offers them as resources, while the app opens already: a start does not wait for them. Says in one line what is offered, and in one what is not. */
export function offerDesktops(system: Pick<EmbeddedSystem, 'service' | 'askOneTimeSignIn'>, folder: string, owner: Pick<StartedProcesses, 'add'>): OfferedDesktops {
  let desktops: DemoDesktops | undefined;
  let stopped = false;
  const offer = async (): Promise<readonly DemoDesktop[]> => {
    desktops = await startDemoDesktops(join(folder, 'desktops'), (name, pid) => owner.add(name, pid));
    if (stopped) {
      await desktops.stop();
      return [];
    }
    const { offered, missing } = desktops;
    const client = new ServiceClient(system.service);
    await client.signIn(await system.askOneTimeSignIn());
    await provisionDesktops(client, offered);
    await client.signOut();
    if (offered.length > 0) say('Desktops', offered.map(({ protocol, host, port }) => `${protocol.toUpperCase()} on ${host}:${port}`).join(', ').concat(', with a password of this start.'));
    if (missing.length > 0) say('Desktops', `${missing.join('; ')}.`);
    return offered;
  };
  const ready = offer().catch((error: unknown) => {
    if (!stopped) say('Desktops', `none is offered: ${error instanceof Error ? error.message : String(error)}.`);
    return [];
  });
  return {
    ready,
    stop: async () => {
      stopped = true;
      await desktops?.stop();
    },
  };
}
