import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SMALL_YOUNG_GENERATION } from '../../src-gateway/collector-pace.ts';
import { say } from '../set-up/plain-line.ts';
import { inRepository } from '../set-up/repository.ts';
import { startChildProgram, type ChildProgram } from './child-program.ts';
import { defaultPorts, portList, replaceTakenPorts, type EmbeddedPorts } from './embedded-ports.ts';
import { findFreePort, isPortFree } from './free-port.ts';
import { installGateway } from './gateway-installation.ts';
import { startLiveTarget, type LiveTarget } from './live-target.ts';
import { askOneTimeSignIn } from './one-time-sign-in.ts';
import { provision } from './provisioning.ts';
import { digestOf, recallProvisioning, rememberProvisioning } from './remembered-provisioning.ts';
import { ServiceClient, type ServiceAddress } from './service-client.ts';
import type { StartedProcesses } from '../processes/started-processes.ts';

/** What is told before the embedded system is started. */
export type EmbeddedSettings = {
  /** Folder of all data, 0700. */
  readonly folder: string;
  /** Ports to use; without them those of the last start, else the defaults, each replaced where it is taken. */
  readonly ports: EmbeddedPorts | undefined;
  /** Owns the processes. */
  readonly owner: StartedProcesses;
  /** The target's port where it is free; without it that of the last start, else any. */
  readonly targetPort?: number;
  /** The home of sessions on the target, where it is not to be the account's own. */
  readonly targetHome?: string;
};

/** A service with one gateway and one real target on this machine. */
export type EmbeddedSystem = {
  readonly service: ServiceAddress;
  readonly ports: EmbeddedPorts;
  readonly target: LiveTarget;
  readonly serviceProgram: ChildProgram;
  readonly gatewayProgram: ChildProgram;
  /** A secret that signs the first administrator in, once, within a minute. */
  askOneTimeSignIn(): Promise<string>;
  /** Stops gateway, service and target, in this order. */
  stop(): Promise<void>;
};

const serviceListening = z.object({ url: z.url(), pin: z.string().min(1) });

/** How long a program may take to end after its standard input did: a gateway seals its recordings in that time. */
const endLimitMs = 8000;

/** Starts target, service and gateway, and provisions what is not provisioned yet. */
export async function startEmbeddedSystem(settings: EmbeddedSettings): Promise<EmbeddedSystem> {
  const { folder, owner } = settings;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const remembered = recallProvisioning(provisionedFile(folder));
  const ports = await choosePorts(settings.ports, remembered?.ports);
  const target = await startLiveTarget(join(folder, 'target'), settings.targetPort ?? remembered?.targetPort, (name, pid) => owner.add(name, pid), { home: settings.targetHome });
  const programs = await startPrograms(settings, ports, target, remembered?.digest);
  say('Embedded system', `service on 127.0.0.1:${ports.service} (stands in for 443), gateway office1 on ${ports.link} (for 443) and ${ports.proxy.join(', ')} (for 7993, 7994, 7995); data in ${folder}.`);
  return {
    ...programs,
    ports,
    target,
    askOneTimeSignIn: () => askOneTimeSignIn(programs.serviceProgram.control),
    stop: async () => {
      await endProgram(programs.gatewayProgram);
      await endProgram(programs.serviceProgram);
      await target.stop();
    },
  };
}

type Programs = Pick<EmbeddedSystem, 'service' | 'serviceProgram' | 'gatewayProgram'>;

/** Service and gateway start side by side where all is provisioned; else the gateway waits for its configuration. */
async function startPrograms({ folder, owner }: EmbeddedSettings, ports: EmbeddedPorts, target: LiveTarget, lastDigest: string | undefined): Promise<Programs> {
  const inventory = readFileSync(inRepository('assets', 'demo-inventory.json'), 'utf8');
  const digest = digestOf([portList(ports), target.kind, target.port, target.account, target.hostKeyFingerprint, target.privateKey, inventory]);
  if (digest === lastDigest && ['service', 'gateway'].every((name) => existsSync(join(folder, name)))) {
    const starting = [startService(folder, ports, owner), startGateway(folder, owner)] as const;
    await Promise.allSettled(starting);
    const [serviceProgram, gatewayProgram] = await Promise.all(starting);
    return { service: serviceListening.parse(serviceProgram.listening), serviceProgram, gatewayProgram };
  }
  const serviceProgram = await startService(folder, ports, owner);
  const service = serviceListening.parse(serviceProgram.listening);
  const client = new ServiceClient(service);
  await client.signIn(await askOneTimeSignIn(serviceProgram.control));
  await provision(client, ports, target, (configuration) => installGateway(join(folder, 'gateway'), configuration));
  await client.signOut();
  rememberProvisioning(provisionedFile(folder), { ports, targetPort: target.port, digest });
  say('Embedded system', 'provisioned gateway office1, the demo inventory, the demo credential and an access rule.');
  return { service, serviceProgram, gatewayProgram: await startGateway(folder, owner) };
}

async function choosePorts(asked: EmbeddedPorts | undefined, last: EmbeddedPorts | undefined): Promise<EmbeddedPorts> {
  const { ports, replaced } = await replaceTakenPorts(asked ?? last ?? defaultPorts, isPortFree, findFreePort);
  for (const [taken, other] of replaced) say('Ports', `${taken} is in use by another program; using ${other} instead.`);
  return ports;
}

function startService(folder: string, ports: EmbeddedPorts, owner: StartedProcesses): Promise<ChildProgram> {
  const parameters = ['start', '--data', join(folder, 'service'), '--host', '127.0.0.1', '--port', String(ports.service), '--embedded', '--control-fd', '3', '--exit-with-stdin'];
  return startChildProgram('the service', [inRepository('src-service', 'main.ts'), ...parameters], join(folder, 'logs', 'service.log'), (pid) => owner.add('the service', pid));
}

/** Starts the gateway on its data folder and waits until it listens. */
export function startGateway(folder: string, owner: StartedProcesses): Promise<ChildProgram> {
  const parameters = ['start', '--data', join(folder, 'gateway'), '--exit-with-stdin'];
  return startChildProgram('the gateway', [SMALL_YOUNG_GENERATION, inRepository('src-gateway', 'main.ts'), ...parameters], join(folder, 'logs', 'gateway.log'), (pid) => owner.add('the gateway', pid));
}

function provisionedFile(folder: string): string {
  return join(folder, 'provisioned.json');
}

/** Ends a program by ending its standard input, and kills it where it does not end. */
async function endProgram({ process: child }: ChildProgram): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), endLimitMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.stdin?.end();
  });
}
