import { eventsRoutes } from '../../../shared/api/events.ts';
import { asMavisError } from '../../../shared/errors/mavis-error.ts';
import { ServerSentEventParser } from '../../service-client/server-sent-events.ts';
import type { ServiceClient } from '../../service-client/service-client.ts';
import type { Check, Found } from '../check.ts';

/** The service says hello as soon as the stream is open; who holds it back longer (a proxy that collects whole answers) holds everything back. */
const FIRST_EVENT_LIMIT_MS = 3000;

/** Whether the service's events come through as they happen. */
export function eventFlow(client: Pick<ServiceClient, 'open' | 'address'> | undefined): Check {
  return {
    id: 'events', check: 'events', subject: { kind: 'service' }, leg: 'L1',
    limitMs: 2 * FIRST_EVENT_LIMIT_MS,
    run: async (signal, tries): Promise<Found> => {
      if (client === undefined) return { notRun: 'not-signed-in' };
      const begun = performance.now();
      const facts = { check: 'events', code: null, firstEventMs: null } as const;
      try {
        const outcome = await tries.note('http', `GET ${client.address}${eventsRoutes.events.path}`, () => firstEvent(client, signal), (word) => word);
        return { verdict: outcome === 'flowing' ? 'good' : 'bad', facts: { ...facts, outcome, firstEventMs: outcome === 'flowing' ? Math.round(performance.now() - begun) : null } };
      } catch (thrown) {
        const { code } = asMavisError(thrown);
        return code === 'sign-in.required' ? { notRun: 'not-signed-in' } : { verdict: 'bad', facts: { ...facts, outcome: code === 'service.time-out' ? 'silent' : code.startsWith('service.') ? 'closed' : 'refused', code } };
      }
    },
  };
}

async function firstEvent(client: Pick<ServiceClient, 'open'>, signal: AbortSignal): Promise<'flowing' | 'silent' | 'closed'> {
  const response = await client.open(eventsRoutes.events, { params: {}, query: {}, body: {} }, { signal, timeoutMs: FIRST_EVENT_LIMIT_MS });
  const parser = new ServerSentEventParser();
  let silent = false;
  const limit = setTimeout(() => {
    silent = true;
    response.destroy();
  }, FIRST_EVENT_LIMIT_MS);
  response.on('error', () => undefined);
  response.setEncoding('utf8');
  try {
    for await (const text of response) if (parser.push(String(text)).length > 0) return 'flowing';
    return silent ? 'silent' : 'closed';
  } catch {
    return silent ? 'silent' : 'closed';
  } finally {
    clearTimeout(limit);
    response.destroy();
  }
}
