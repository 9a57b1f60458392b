import { accessRulesRoutes } from './access-rules.ts';
import { auditRoutes } from './audit.ts';
import { connectionsRoutes } from './connections.ts';
import { credentialsRoutes } from './credentials.ts';
import { diagnosticsRoutes } from './diagnostics.ts';
import { eventsRoutes } from './events.ts';
import { gatewaysRoutes } from './gateways.ts';
import { recordingsRoutes } from './recordings.ts';
import { resourcesRoutes } from './resources.ts';
import { serviceKeysRoutes } from './service-keys.ts';
import { signInRoutes } from './sign-in.ts';
import { systemRoutes } from './system.ts';
import { tunnelRoutes } from './tunnel.ts';
import { updatesRoutes } from './updates.ts';
import { usersRoutes } from './users.ts';

/** Every route of the service by name; the service registers all of them and OpenAPI lists all of them. */
export const routes = {
  ...systemRoutes,
  ...signInRoutes,
  ...usersRoutes,
  ...resourcesRoutes,
  ...accessRulesRoutes,
  ...credentialsRoutes,
  ...gatewaysRoutes,
  ...tunnelRoutes,
  ...serviceKeysRoutes,
  ...connectionsRoutes,
  ...recordingsRoutes,
  ...auditRoutes,
  ...eventsRoutes,
  ...diagnosticsRoutes,
  ...updatesRoutes,
} as const;
export type RouteName = keyof typeof routes;
