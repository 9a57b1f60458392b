import { type SessionId, sessionId } from './stores.ts';

/** Name of the parameter in a session window's address that says which session it shows. */
const SESSION_PARAMETER = 'session';

/** What main puts behind the session page's address (`session-window.html?session=…`). */
export function sessionPageQuery(id: SessionId): Record<string, string> {
  return { [SESSION_PARAMETER]: id };
}

/** The session of a page's address (`location.search`); undefined where there is none. */
export function sessionOfPage(search: string): SessionId | undefined {
  const match = /[?&]session=([0-9a-f-]{36})(?:&|$)/.exec(search);
  const parsed = sessionId.safeParse(match?.[1]);
  return parsed.success ? parsed.data : undefined;
}
