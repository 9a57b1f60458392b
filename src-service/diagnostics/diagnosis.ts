import { and, eq, isNull } from 'drizzle-orm';
import { type ChoicePreview, type DiagnosedGateway, MAX_DIAGNOSED_GATEWAYS, MAX_TOLD_CHANGES, type ResourceDiagnosis } from '../../shared/api/diagnostics.ts';
import type { GatewayStateChange } from '../../shared/api/gateways.ts';
import type { User } from '../../shared/api/users.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { Protocol, ResourceId } from '../../shared/ids.ts';
import type { AuditActor } from '../audit/audit-log.ts';
import { isUsable, segmentsOf } from '../choice/gateway-choice.ts';
import { noWay } from '../choice/no-way.ts';
import { choosePath, isDefault, type PathGateway } from '../choice/path-choice.ts';
import type { Clock } from '../clock.ts';
import type { Decide } from '../connections/connection-access.ts';
import type { ConnectionTests } from '../connections/connection-test.ts';
import { type GatewayRow, tlsPinsOf } from '../gateways/gateway-record.ts';
import type { GatewayHistories } from '../gateways/gateway-history.ts';
import type { Gateways } from '../gateways/gateways.ts';
import type { SegmentView } from '../gateways/segment-states.ts';
import type { Database } from '../store/database.ts';
import { resources } from '../store/schema.ts';
import type { TunnelSettings } from '../tunnel/tunnel-settings.ts';

/** The gateway's try of the target: a whole diagnosis is under 10 s, and what asks for this waits for the service as well. */
const TARGET_LIMIT_MS = 5_000;

export interface DiagnosisParts {
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly gateways: Pick<Gateways, 'choosable'>;
  readonly histories: Pick<GatewayHistories, 'newest'>;
  readonly tunnel: Pick<TunnelSettings, 'read'>;
  readonly tests: Pick<ConnectionTests, 'test'>;
  readonly segmentView: (user: User) => SegmentView | 'all';
  readonly decide: Decide;
}

interface Asker {
  readonly user: User;
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
}

type Choosable = PathGateway & { readonly row: GatewayRow };

/** What the service tells a client's diagnostics: never more than a connection of the same user would tell (rule 26). */
export class Diagnosis {
  readonly #parts: DiagnosisParts;

  constructor(parts: DiagnosisParts) {
    this.#parts = parts;
  }

  /** The gateways that connections of a user may use, default gateways first. Those behind one come without a place (rule 8). */
  async gateways(user: User): Promise<{ readonly serverTime: string; readonly items: DiagnosedGateway[] }> {
    const { clock, gateways, histories, tunnel: settings, segmentView } = this.#parts;
    const view = segmentView(user);
    const { enabled, default: through } = await settings.read();
    const tunnel = enabled || user.role === 'vendor';
    const all = await gateways.choosable();
    const seen = all.filter((gateway) => view === 'all' || view.untagged || (gateway.segment !== null && view.segments.has(gateway.segment)) || (tunnel && isDefault(gateway, through)));
    const by = through === null ? '' : through.kind === 'segment' ? through.segment : (all.find(({ id }) => id === through.gatewayId)?.row.name ?? '');
    const named = seen.toSorted((a, b) => Number(isDefault(b, through)) - Number(isDefault(a, through)) || a.row.name.localeCompare(b.row.name, 'en'));
    const shown = named.slice(0, MAX_DIAGNOSED_GATEWAYS);
    const changes = await histories.newest(shown.map(({ id }) => id), MAX_TOLD_CHANGES);
    const items = shown.map((gateway) => {
      const straight = gateway.reachedThrough === 'direct' && (!tunnel || isDefault(gateway, through));
      return asDiagnosed(gateway, straight ? null : by, changes.get(gateway.id) ?? []);
    });
    return { serverTime: clock.now().toISOString(), items };
  }

  /** What a connection would come to. A resource that the user may not see is the same as none. Throws `access.denied` for both. */
  async resource({ user, actor, signal }: Asker, resourceId: ResourceId, protocol: Protocol): Promise<ResourceDiagnosis> {
    const { database, clock, decide, tests } = this.#parts;
    const [resource] = await database.select().from(resources).where(and(eq(resources.id, resourceId), isNull(resources.removedAt)));
    if (resource === undefined) throw new MavisError('access.denied');
    const decision = await decide({ user, resource, protocol, now: clock.now() });
    if (!decision.allowed && decision.code === 'access.denied') throw new MavisError('access.denied');
    const base = { resource: { id: resource.id, name: resource.name }, protocol, segments: segmentsOf(resource.tags), tunnel: false, gateways: [] };
    const identitiesKnown = resource.identities.length;
    if (!decision.allowed) return { choice: { ...base, code: decision.code, args: { ...decision.args } }, test: null, identitiesKnown };

    const always = user.role === 'vendor' || decision.rule.tunnel === 'always';
    const { preview, last } = await this.#choose(resource.tags, protocol, always);
    const noCredential = decision.signOn === 'stored' && resource.credentialId === null;
    const choice: ChoicePreview = { ...base, ...preview, ...(last !== undefined && noCredential ? { code: 'resource.no-credential', args: {} } : {}) };
    if (last === undefined) return { choice, test: null, identitiesKnown };
    const test = await tests.test({ resourceId, protocol, gatewayId: last.id, limitMs: TARGET_LIMIT_MS }, actor, signal);
    return { choice, test, identitiesKnown };
  }

  async #choose(tags: readonly string[], protocol: Protocol, always: boolean): Promise<{ preview: Pick<ChoicePreview, 'tunnel' | 'code' | 'args' | 'gateways'>; last: Choosable | undefined }> {
    const { gateways, tunnel: settings } = this.#parts;
    const { enabled, default: through } = await settings.read();
    const tunnel = always || enabled;
    const all = await gateways.choosable();
    const segments = segmentsOf(tags);
    const concerned = all.filter((gateway) => (segments.length === 0 ? !tunnel || isDefault(gateway, through) : gateway.segment !== null && segments.includes(gateway.segment)));
    // The first will do: any gateway of the choice is as likely.
    const path = choosePath({ gateways: all, tags, protocol, tried: new Set(), tunnel, through, randomInt: () => 0 });
    const refusal = path.kind === 'path' ? undefined : asMavisError(noWay(path));
    return {
      last: path.kind === 'path' ? path.last : undefined,
      preview: {
        tunnel,
        code: refusal?.code ?? null,
        args: { ...refusal?.args },
        gateways: concerned.slice(0, MAX_DIAGNOSED_GATEWAYS).map((gateway) => ({ id: gateway.id, name: gateway.row.name, usable: isUsable(gateway, protocol), state: gateway.state, code: gateway.row.stateCode })),
      },
    };
  }
}

function asDiagnosed({ row, state, ejected }: Choosable, by: string | null, changes: readonly GatewayStateChange[]): DiagnosedGateway {
  return {
    id: row.id,
    name: row.name,
    segment: row.segment,
    place: by === null ? { host: row.host, linkPort: row.linkPort, proxyPorts: row.proxyPorts, over443: row.over443 } : null,
    by,
    pins: tlsPinsOf(row),
    state,
    code: row.stateCode,
    confirmedAt: row.confirmedAt?.toISOString() ?? null,
    ejected,
    changes: [...changes],
  };
}
