import type { KeyboardEvent } from 'react';

/** Arrow keys, Home, End and Escape in an open menu, whose items have the role `menuitem`. */
export function moveInMenu(event: KeyboardEvent<HTMLElement>, close: () => void): void {
  if (event.key === 'Escape' || event.key === 'Tab') {
    event.stopPropagation();
    event.preventDefault();
    close();
    return;
  }
  const items = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('[role="menuitem"]')];
  const at = items.findIndex((item) => item === document.activeElement);
  const places: Readonly<Record<string, number>> = { ArrowDown: (at + 1) % items.length, ArrowUp: at - 1, Home: 0, End: -1 };
  const place = Object.hasOwn(places, event.key) ? places[event.key] : undefined;
  if (place === undefined) return;
  event.preventDefault();
  items.at(place)?.focus();
}
