import type { SessionWay } from '../../shared/ipc/stores.ts';
import type { useText } from '../language/use-text.ts';

/** Over which way a session goes, in words: its port, that it is the link port, and the proxy. */
export function wayText(way: SessionWay, text: ReturnType<typeof useText>): string {
  const { port, over443, proxy } = way;
  if (proxy !== null) return text('session.way-proxy', { port, proxy });
  return over443 ? text('session.way-443', { port }) : text('session.way-port', { port });
}
