import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { keyCombinations, type KeyCombination } from './key-combinations.ts';

/** A menu of keys that the user's own system keeps for itself. */
export function KeyMenu({ disabled, onKeys }: { readonly disabled: boolean; readonly onKeys: (keys: KeyCombination) => void }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  const menu = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (open) menu.current?.querySelector('button')?.focus();
  }, [open]);
  const choose = (keys: KeyCombination) => {
    setOpen(false);
    onKeys(keys);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll('button') ?? [])];
    const at = items.findIndex((item) => item === document.activeElement);
    if (event.key === 'Escape') {
      setOpen(false);
      opener.current?.focus();
    } else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(at - 1 + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div
      className="key-menu"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <button ref={opener} type="button" className="button button-quiet button-small" aria-disabled={disabled} aria-haspopup="menu" aria-expanded={open} title={text('desktop.keys-detail')} onClick={() => !disabled && setOpen(!open)}>
        <Icon name="keyboard" />
        <span className="tool-word">{text('desktop.keys')}</span>
        <Icon name="chevronDown" />
      </button>
      {open && (
        <div ref={menu} className="key-menu-items" role="menu" aria-label={text('desktop.keys')} onKeyDown={onKeyDown}>
          {keyCombinations.map((keys) => (
            <button key={keys.id} type="button" role="menuitem" tabIndex={-1} className="key-menu-item" onClick={() => choose(keys)}>
              {keys.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
