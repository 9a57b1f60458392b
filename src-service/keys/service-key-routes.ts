import { routes } from '../../shared/api/index.ts';
import { handle } from '../http/bound-route.ts';
import type { KeysInForce } from './keys-in-force.ts';
import type { ServiceKeyRotation } from './service-key-rotation.ts';

export interface ServiceKeyRoutesParts {
  readonly rotation: Pick<ServiceKeyRotation, 'read' | 'begin' | 'switchOver' | 'finish'>;
  readonly keys: Pick<KeysInForce, 'certificatePins'>;
}

/** The routes of the service's own keys. */
export function serviceKeyRoutes({ rotation, keys }: ServiceKeyRoutesParts) {
  return {
    serviceKeysRead: handle(routes.serviceKeysRead, async () => rotation.read()),
    serviceKeyRotate: handle(routes.serviceKeyRotate, async (_input, { actor }) => rotation.begin(actor)),
    serviceKeySwitch: handle(routes.serviceKeySwitch, async (_input, { actor }) => rotation.switchOver(actor)),
    serviceKeyFinish: handle(routes.serviceKeyFinish, async ({ body }, { actor }) => rotation.finish(body.force, actor)),
    servicePins: handle(routes.servicePins, async () => ({ pins: keys.certificatePins })),
  };
}
