import type { User } from '../../shared/api/users.ts';
import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';

/** The most that one page of the service has. */
const PAGE_LIMIT = 1000;
/** More users than a list can be looked through for; a rule for one behind them is shown as for somebody unknown. */
const MOST_PAGES = 20;

/** Every user, page by page: a rule may be for any of them. */
export async function allUsers({ service }: Pick<WindowApi, 'service'>): Promise<IpcAnswer<{ items: User[] }>> {
  const items: User[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await service.userList({ params: {}, query: { limit: PAGE_LIMIT, ...(cursor === undefined ? {} : { cursor }) }, body: {} });
    if (!answer.ok) return answer;
    items.push(...answer.value.items);
    cursor = answer.value.nextCursor;
    if (cursor === undefined) break;
  }
  return { ok: true, value: { items } };
}
