import { diagnosticsRoutes, type ResourceDiagnosis } from '../../../shared/api/diagnostics.ts';
import { asMavisError, MavisError } from '../../../shared/errors/mavis-error.ts';
import type { Protocol, ResourceId } from '../../../shared/ids.ts';
import type { ServiceClient } from '../../service-client/service-client.ts';
import type { Check, Found } from '../check.ts';
import { type LastConnection, lastSignOn } from './last-sign-on.ts';

/** The service asks a gateway, which tries the target for five seconds. */
const RESOURCE_LIMIT_MS = 7500;

export interface DiagnosedResource {
  readonly id: ResourceId;
  readonly name: string;
  readonly protocol: Protocol;
  /** The connection that the diagnosis is about, where there was one. */
  readonly lastConnection?: LastConnection | undefined;
}

/** The checks of a resource: what would be chosen, how far the target is reached, and what a connection found at its sign-on. The service is asked once for the first two. */
export function resourceWay(resource: DiagnosedResource, client: Pick<ServiceClient, 'call' | 'address'> | undefined): readonly Check[] {
  const subject = { kind: 'resource', name: resource.name } as const;
  let asked: Promise<ResourceDiagnosis> | undefined;
  const ask: (signal: AbortSignal) => Promise<ResourceDiagnosis> = (signal) => {
    if (client === undefined) return Promise.reject(new MavisError('sign-in.required'));
    asked ??= client.call(diagnosticsRoutes.resourceDiagnosis, { params: { resourceId: resource.id }, query: {}, body: { protocol: resource.protocol } }, { signal, timeoutMs: RESOURCE_LIMIT_MS });
    return asked;
  };
  const to = `POST ${client?.address ?? ''}/v1/resources/…/diagnosis`;
  return [
    {
      id: 'choice', check: 'choice', subject, leg: 'L1', limitMs: RESOURCE_LIMIT_MS + 500,
      run: async (signal, tries): Promise<Found> => {
        try {
          const { choice } = await tries.note('http', to, () => ask(signal), () => '200');
          return { verdict: choice.code === null ? 'good' : 'bad', facts: { check: 'choice', preview: choice } };
        } catch (thrown) {
          const { code } = asMavisError(thrown);
          if (code !== 'access.denied') return { notRun: code === 'sign-in.required' ? 'not-signed-in' : 'service-not-reached', detail: code };
          return { verdict: 'bad', facts: { check: 'choice', preview: { resource: { id: resource.id, name: resource.name }, protocol: resource.protocol, segments: [], tunnel: false, code, args: {}, gateways: [] } } };
        }
      },
    },
    {
      id: 'target', check: 'target', subject, leg: 'L4', limitMs: RESOURCE_LIMIT_MS + 500,
      run: async (signal): Promise<Found> => {
        try {
          const { test, identitiesKnown } = await ask(signal);
          if (test === null) return { notRun: 'earlier-step' };
          const good = test.stages.every(({ ok }) => ok) && (test.identity === null || test.identity.expected);
          return { verdict: good ? 'good' : 'bad', facts: { check: 'target', test, identitiesKnown } };
        } catch (thrown) {
          const { code } = asMavisError(thrown);
          return { notRun: code === 'sign-in.required' ? 'not-signed-in' : code === 'access.denied' ? 'earlier-step' : 'service-not-reached', detail: code };
        }
      },
    },
    lastSignOn(subject, resource.lastConnection),
  ];
}
