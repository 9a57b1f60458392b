import { and, eq, isNull } from 'drizzle-orm';
import type { ConnectionTest } from '../../shared/api/resources.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId, Protocol, ResourceId } from '../../shared/ids.ts';
import type { ProbeResult } from '../../shared/link/messages.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import { choosePath } from '../choice/path-choice.ts';
import { noWay } from '../choice/no-way.ts';
import type { Clock } from '../clock.ts';
import type { GatewayRow } from '../gateways/gateway-record.ts';
import type { Gateways } from '../gateways/gateways.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { TunnelSettings } from '../tunnel/tunnel-settings.ts';
import type { Database } from '../store/database.ts';
import { resources } from '../store/schema.ts';

/** A gateway's try of the target ends after this. */
const PROBE_LIMIT_MS = 8_000;

export interface ConnectionTestsParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly gateways: Pick<Gateways, 'choosable'>;
  readonly tunnel: Pick<TunnelSettings, 'read'>;
  readonly linkTo: (row: GatewayRow) => Pick<GatewayLink, 'probe'>;
  readonly randomInt: (bound: number) => number;
}

/** Tries the way to a target through a gateway, without credentials (rule 14, S40): reads what identity the target shows. */
export class ConnectionTests {
  readonly #parts: ConnectionTestsParts;

  constructor(parts: ConnectionTestsParts) {
    this.#parts = parts;
  }

  /** Through the gateway named, or one that a connection would get. A stage that failed is in the answer; throws only where there is nothing to try. */
  async test(request: { readonly resourceId: ResourceId; readonly protocol: Protocol; readonly gatewayId: GatewayId | undefined; readonly limitMs?: number }, actor: AuditActor, signal: AbortSignal): Promise<ConnectionTest> {
    const { database, audit, clock, linkTo } = this.#parts;
    const [resource] = await database.select().from(resources).where(and(eq(resources.id, request.resourceId), isNull(resources.removedAt)));
    if (resource === undefined) throw new MavisError('resource.unknown');
    const port = resource.protocols.find(({ protocol }) => protocol === request.protocol)?.port;
    if (port === undefined) throw new MavisError('resource.protocol-unknown', { protocol: request.protocol });

    const begun = clock.monotonicMs();
    const gateway = await this.#gateway(resource.tags, request);
    const stages: ConnectionTest['stages'] = [{ stage: 'choice', ok: true, milliseconds: clock.monotonicMs() - begun, detail: gateway.name }];
    const asked = clock.monotonicMs();
    let probed: ProbeResult | undefined;
    try {
      const target = { host: resource.address, port, allowSpecialAddress: resource.allowSpecialAddress, identities: resource.identities, firstUseTrust: false };
      probed = await linkTo(gateway).probe({ protocol: request.protocol, target, timeLimitMs: request.limitMs ?? PROBE_LIMIT_MS }, { signal });
      stages.push({ stage: 'grant', ok: true, milliseconds: clock.monotonicMs() - asked, detail: '' }, ...probed.stages);
    } catch (thrown) {
      stages.push({ stage: 'grant', ok: false, milliseconds: clock.monotonicMs() - asked, code: asMavisError(thrown).code, detail: '' });
    }
    const seen = probed?.identity ?? null;
    await database.transaction((transaction) =>
      audit.append(transaction, {
        kind: 'resource.connection-tested',
        actor,
        facts: { resourceId: resource.id, resource: resource.name, protocol: request.protocol, gatewayId: gateway.id, gateway: gateway.name, ok: stages.every(({ ok }) => ok), code: stages.find(({ ok }) => !ok)?.code ?? null, fingerprint: seen?.fingerprint ?? null },
      }),
    );
    return { gatewayId: gateway.id, gatewayName: gateway.name, stages, identity: seen === null ? null : { ...seen, expected: resource.identities.includes(seen.fingerprint) } };
  }

  async #gateway(tags: readonly string[], { protocol, gatewayId }: { readonly protocol: Protocol; readonly gatewayId: GatewayId | undefined }): Promise<GatewayRow> {
    const all = await this.#parts.gateways.choosable();
    if (gatewayId !== undefined) {
      const named = all.find(({ id }) => id === gatewayId);
      if (named === undefined) throw new MavisError('request.not-found');
      if (named.row.tlsKey === null) throw new MavisError('gateway.no-key', { gateway: named.row.name });
      return named.row;
    }
    const { enabled, default: through } = await this.#parts.tunnel.read();
    const path = choosePath({ gateways: all, tags, protocol, tried: new Set(), tunnel: enabled, through, randomInt: this.#parts.randomInt });
    if (path.kind === 'path') return path.last.row;
    throw noWay(path);
  }
}
