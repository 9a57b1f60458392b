import { Notification } from 'electron';
import type { ShownNotice } from './notifications.ts';

/** Not every system says that a notification was closed; clicks on older ones are not expected any more. */
const MOST_HELD = 20;

/** Shows notifications by the system; undefined where it has none. */
export function nativeNotifications(): ((notice: ShownNotice) => void) | undefined {
  if (!Notification.isSupported()) return undefined;
  // What is shown is held, or its click would be collected with it.
  const held = new Set<Notification>();
  return ({ title, body, onClick }) => {
    const shown = new Notification({ title, body });
    held.add(shown);
    if (held.size > MOST_HELD) held.delete([...held][0] ?? shown);
    shown.on('click', onClick);
    shown.on('close', () => held.delete(shown));
    shown.show();
  };
}
