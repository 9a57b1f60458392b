import { routes } from '../../shared/api/index.ts';
import { BytesAnswer, handleOpen } from '../http/bound-route.ts';
import type { UpdateFolder } from './update-folder.ts';

/** The feed of client updates. */
export function updateRoutes(updates: UpdateFolder) {
  return {
    updateFile: handleOpen(routes.updateFile, async ({ params: { name } }, { address, signal }) => new BytesAnswer(await updates.read(name, address, signal), name)),
  };
}
