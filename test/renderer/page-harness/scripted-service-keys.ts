import type { ServiceKeys } from '../../../shared/api/service-keys.ts';
import type { IpcAnswer } from '../../../shared/ipc/contract.ts';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import { madeGateways } from './made-gateways.ts';

type Noted = <Args, T>(name: string, run: (args: Args) => Promise<IpcAnswer<T>>) => (args: Args) => Promise<IpcAnswer<T>>;

const pair = (letters: string) => ({ certificate: `SHA256:${letters.repeat(10)}crt`, link: `SHA256:${letters.repeat(10)}lnk` });
const [OLD, NEW] = [pair('oLd7'), pair('nEw9')];

/** What the service answers of its own keys; in the scene `key-lag` one gateway is cut off. */
export function serviceKeyCalls(noted: Noted, scene: string) {
  const gateways = madeGateways().slice(0, 4).map(({ id, name, status }, place) => ({ gatewayId: id, name, state: status.state, told: scene !== 'key-lag' || place > 0 }));
  let keys: ServiceKeys = { stage: 'none', present: OLD, other: null, beganAt: null, switchedAt: null, finishedAt: null, gateways: gateways.map((one) => ({ ...one, told: true })) };
  const step = (next: Partial<ServiceKeys>): Promise<IpcAnswer<ServiceKeys>> => {
    keys = { ...keys, ...next };
    return Promise.resolve({ ok: true, value: keys });
  };
  return {
    serviceKeysRead: () => step({}),
    serviceKeyRotate: noted('service.serviceKeyRotate', () => step({ stage: 'announced', other: NEW, beganAt: '2026-11-25T09:00:00.000Z', gateways })),
    serviceKeySwitch: noted('service.serviceKeySwitch', () => step({ stage: 'switched', present: NEW, other: OLD, switchedAt: '2026-11-26T09:00:00.000Z' })),
    serviceKeyFinish: noted('service.serviceKeyFinish', ({ body }: Parameters<WindowApi['service']['serviceKeyFinish']>[0]) => {
      const behind = keys.gateways.filter(({ told }) => !told);
      if (behind.length > 0 && !body.force) return Promise.resolve({ ok: false, code: 'service.key-not-acknowledged', args: { gateways: behind.map(({ name }) => name).join(', '), count: behind.length }, reference: null });
      return step({ stage: 'none', other: null, finishedAt: '2026-11-27T09:00:00.000Z' });
    }),
  };
}
