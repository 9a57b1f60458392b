import { routes } from '../../shared/api/index.ts';
import { BytesAnswer, handle } from '../http/bound-route.ts';
import type { EventHub } from './event-hub.ts';

/** The event stream's route. */
export function eventRoutes(hub: Pick<EventHub, 'open'>) {
  return { events: handle(routes.events, async (_input, context) => new BytesAnswer(await hub.open(context))) };
}
