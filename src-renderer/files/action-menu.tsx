import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Icon } from '../controls/icon.tsx';
import { moveInMenu } from '../controls/menu-keys.ts';
import type { FileAction } from './file-action.ts';

/** A place in the window, in CSS pixels. */
export interface MenuPlace {
  readonly left: number;
  readonly top: number;
}

interface ActionMenuProps {
  readonly label: string;
  readonly actions: readonly FileAction[];
  readonly place: MenuPlace;
  /** Called when one was chosen, or none by the keyboard: focus goes where it came from. */
  readonly onClose: () => void;
  /** Called when focus went somewhere else. */
  readonly onLeave: () => void;
}

/** So far from the window's edge. */
const EDGE_PX = 8;

/** What can be done, as a menu where the pointer or the chosen row is; what cannot be done now is there and says so. */
export function ActionMenu({ label, actions, place, onClose, onLeave }: ActionMenuProps) {
  const menu = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(place);
  useLayoutEffect(() => {
    const { width, height } = menu.current?.getBoundingClientRect() ?? { width: 0, height: 0 };
    setAt({ left: Math.max(EDGE_PX, Math.min(place.left, window.innerWidth - width - EDGE_PX)), top: Math.max(EDGE_PX, Math.min(place.top, window.innerHeight - height - EDGE_PX)) });
  }, [place]);
  useEffect(() => {
    menu.current?.querySelector('button')?.focus();
  }, []);
  return (
    <div ref={menu} className="files-menu" role="menu" aria-label={label} style={at} onKeyDown={(event) => moveInMenu(event, onClose)} onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && onLeave()} onContextMenu={(event) => event.preventDefault()}>
      {actions.map((action) => (
        <button
          key={action.id}
          type="button"
          role="menuitem"
          tabIndex={-1}
          className="files-menu-item"
          data-parted={action.parted === true}
          aria-disabled={!action.can}
          onClick={() => {
            if (!action.can) return;
            onClose();
            action.run();
          }}
        >
          <Icon name={action.icon} />
          <span className="files-menu-label">{action.label}</span>
          {action.key !== undefined && <kbd className="files-menu-key">{action.key}</kbd>}
        </button>
      ))}
    </div>
  );
}
