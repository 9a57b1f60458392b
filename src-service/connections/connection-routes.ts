import { routes } from '../../shared/api/index.ts';
import { handle } from '../http/bound-route.ts';
import type { ConnectionAsks } from './connection-asks.ts';
import type { ConnectionTests } from './connection-test.ts';
import type { Connections } from './connections.ts';
import type { ConnectionWatches } from './connection-watches.ts';
import type { ForeignClients } from './foreign-clients.ts';

export interface ConnectionRoutesParts {
  readonly asks: Pick<ConnectionAsks, 'ask' | 'retry' | 'resumeWay'>;
  readonly connections: Pick<Connections, 'list' | 'claim' | 'terminate'>;
  readonly foreign: Pick<ForeignClients, 'ask'>;
  readonly watches: Pick<ConnectionWatches, 'watch'>;
  readonly tests: Pick<ConnectionTests, 'test'>;
}

/** The routes of connections, and the connection test of a resource. */
export function connectionRoutes({ asks, foreign, connections, watches, tests }: ConnectionRoutesParts) {
  return {
    connectionAsk: handle(routes.connectionAsk, ({ body }, context) => asks.ask(context, body)),
    connectionForeign: handle(routes.connectionForeign, ({ body }, context) => foreign.ask(context, body)),
    connectionRetry: handle(routes.connectionRetry, ({ params, body }, context) => asks.retry(context, params.connectionId, body)),
    connectionResumeWay: handle(routes.connectionResumeWay, ({ params, body }, context) => asks.resumeWay(context, params.connectionId, body.gatewayId)),
    connectionClaim: handle(routes.connectionClaim, async ({ params, body }, context) => {
      await connections.claim(context, params.connectionId, body);
      return {};
    }),
    connectionList: handle(routes.connectionList, ({ query }, context) => connections.list(context.user, query)),
    connectionWatch: handle(routes.connectionWatch, ({ params }, context) => watches.watch(context, params.connectionId)),
    connectionTerminate: handle(routes.connectionTerminate, async ({ params, body }, context) => ({ confirmed: await connections.terminate(context.user, context.actor, params.connectionId, body.reason) })),
    resourceConnectionTest: handle(routes.resourceConnectionTest, ({ params, body }, context) => tests.test({ resourceId: params.resourceId, protocol: body.protocol, gatewayId: body.gatewayId }, context.actor, context.signal)),
  };
}
