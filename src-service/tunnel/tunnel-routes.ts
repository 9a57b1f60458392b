import { routes } from '../../shared/api/index.ts';
import type { TunnelSettings as Shown } from '../../shared/api/tunnel.ts';
import { isDefault } from '../choice/path-choice.ts';
import type { Gateways } from '../gateways/gateways.ts';
import { handle } from '../http/bound-route.ts';
import { appliesToAll, type StoredTunnel, type TunnelSettings } from './tunnel-settings.ts';

export interface TunnelRoutesParts {
  readonly tunnel: Pick<TunnelSettings, 'read' | 'update'>;
  readonly gateways: Pick<Gateways, 'choosable'>;
  /** The default gateway may be another one now: gateways behind it may be reached. */
  readonly changed: () => void;
}

/** The routes of Tunnel. */
export function tunnelRoutes({ tunnel, gateways, changed }: TunnelRoutesParts) {
  const shown = async ({ enabled, default: through, changedAt }: StoredTunnel): Promise<Shown> => {
    const defaults = (await gateways.choosable()).filter((gateway) => isDefault(gateway, through));
    const available = defaults.filter(({ state }) => state === 'available' || state === 'degraded').length;
    return { enabled, default: through, changedAt: changedAt?.toISOString() ?? null, gateways: { total: defaults.length, available } };
  };
  return {
    tunnelRead: handle(routes.tunnelRead, async () => shown(await tunnel.read())),
    tunnelUpdate: handle(routes.tunnelUpdate, async ({ body }, { actor }) => {
      const stored = await tunnel.update(body, actor);
      changed();
      return shown(stored);
    }),
    tunnelApplies: handle(routes.tunnelApplies, async (_input, { user }) => ({ applies: appliesToAll(user.role, await tunnel.read()) })),
  };
}
