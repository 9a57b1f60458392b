import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { gatewaysRoutes } from '../../shared/api/gateways.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { usersRoutes } from '../../shared/api/users.ts';
import type { WholeSystem } from '../fixtures/whole-system.ts';

/** Everything on the screens that is a name: of resources, people, gateways and programs. */
export async function namesOnScreens(system: WholeSystem): Promise<string[]> {
  const names = new Set<string>(['Test service', 'Embedded administrator']);
  let cursor: string | undefined;
  do {
    const page = await system.admin.call(resourcesRoutes.resourceList, { query: { limit: 1000, ...(cursor === undefined ? {} : { cursor }) } });
    for (const { name, address, description, tags } of page.items) for (const each of [name, address, description, ...tags]) names.add(each);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  for (const { name, segment } of (await system.admin.call(gatewaysRoutes.gatewayList, {})).items) names.add(name).add(segment ?? name);
  for (const { name, displayName } of (await system.admin.call(usersRoutes.userList, { query: {} })).items) names.add(name).add(displayName);
  for (const { name } of (await system.admin.call(credentialsRoutes.credentialList, {})).items) names.add(name);
  for (const { name } of (await system.admin.call(accessRulesRoutes.accessRuleList, {})).items) names.add(name);
  // What was recorded keeps its names when whoever bore them is gone.
  for (const { resourceName, userName, gatewayName } of (await system.admin.call(recordingsRoutes.recordingList, { query: {} })).items) names.add(resourceName).add(userName).add(gatewayName);
  names.delete('');
  return [...names];
}
