import { routes } from '../../shared/api/index.ts';
import type { User } from '../../shared/api/users.ts';
import type { GatewayId } from '../../shared/ids.ts';
import { handle } from '../http/bound-route.ts';
import type { Transaction } from '../store/database.ts';
import type { GatewayHistories } from './gateway-history.ts';
import { asGateway, type GatewayRow } from './gateway-record.ts';
import type { Gateways } from './gateways.ts';
import type { KeyRotation } from './key-rotation.ts';
import type { SegmentView } from './segment-states.ts';

export interface GatewayRoutesParts {
  readonly gateways: Pick<Gateways, 'list' | 'segmentsNow' | 'register' | 'enterKey' | 'update' | 'remove' | 'read' | 'configurationFile'>;
  readonly histories: Pick<GatewayHistories, 'read'>;
  readonly rotation: Pick<KeyRotation, 'begin' | 'switchTo'>;
  /** What of the segments a user may see (rule 26). */
  readonly segmentView: (user: User) => Promise<SegmentView | 'all'>;
  /** The fingerprint of the service's signing key, to compare with what `mavis-gateway init` prints (rule 15). */
  readonly serviceFingerprint: string;
  /** Ends what runs through a gateway before it is removed. */
  readonly beforeRemoval: (gatewayId: GatewayId) => Promise<void>;
  /** Closes, in the transaction of the removal, what the gateway will never report. */
  readonly closeLost: (transaction: Transaction, row: GatewayRow) => Promise<void>;
}

/** The routes of gateways and segments. */
export function gatewayRoutes({ gateways, histories, rotation, segmentView, serviceFingerprint, beforeRemoval, closeLost }: GatewayRoutesParts) {
  return {
    segmentList: handle(routes.segmentList, async (_input, { user }) => gateways.segmentsNow(await segmentView(user), user.role)),
    gatewayList: handle(routes.gatewayList, async () => ({ items: (await gateways.list()).map(asGateway) })),
    gatewayHistory: handle(routes.gatewayHistory, async ({ params }) => {
      await gateways.read(params.gatewayId);
      return histories.read(params.gatewayId);
    }),
    gatewayRegister: handle(routes.gatewayRegister, async ({ body }, { actor }) => {
      const row = await gateways.register(body, actor);
      return { gateway: asGateway(row), configurationFile: await gateways.configurationFile(row), serviceFingerprint };
    }),
    gatewayEnterKey: handle(routes.gatewayEnterKey, async ({ params, body }, { actor }) => asGateway(await gateways.enterKey(params.gatewayId, body.line, actor))),
    gatewayRotateKey: handle(routes.gatewayRotateKey, async ({ params }, { actor }) => asGateway(await rotation.begin(params.gatewayId, actor))),
    gatewaySwitchKey: handle(routes.gatewaySwitchKey, async ({ params, body }, { actor }) => asGateway(await rotation.switchTo(params.gatewayId, body.fingerprint, actor))),
    gatewayUpdate: handle(routes.gatewayUpdate, async ({ params, body }, { actor }) => asGateway(await gateways.update(params.gatewayId, body, actor))),
    gatewayRemove: handle(routes.gatewayRemove, async ({ params }, { actor }) => {
      await gateways.read(params.gatewayId);
      await beforeRemoval(params.gatewayId);
      await gateways.remove(params.gatewayId, actor, closeLost);
      return {};
    }),
    gatewayConfigurationFile: handle(routes.gatewayConfigurationFile, async ({ params }) => gateways.configurationFile(await gateways.read(params.gatewayId))),
  };
}
