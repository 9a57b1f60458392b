import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import type { FoundMatches } from './page-terminal.ts';

interface FindOptions {
  readonly caseSensitive: boolean;
  readonly regex: boolean;
}

interface TerminalSearchProps {
  readonly found: FoundMatches;
  readonly onFind: (term: string, options: FindOptions, direction: 'next' | 'previous', incremental: boolean) => void;
  readonly onClose: () => void;
}

/** The search bar over a terminal. */
export function TerminalSearch({ found, onFind, onClose }: TerminalSearchProps) {
  const text = useText();
  const [term, setTerm] = useState('');
  const [options, setOptions] = useState<FindOptions>({ caseSensitive: false, regex: false });
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const invalid = options.regex && !isPattern(term);
  const find = (next: string, nextOptions: FindOptions, direction: 'next' | 'previous', incremental: boolean) => {
    if (!nextOptions.regex || isPattern(next)) onFind(next, nextOptions, direction, incremental);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') onClose();
    else if (event.key === 'Enter') find(term, options, event.shiftKey ? 'previous' : 'next', false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const change = (changes: Partial<FindOptions>) => {
    const changed = { ...options, ...changes };
    setOptions(changed);
    find(term, changed, 'next', true);
  };
  return (
    <div className="terminal-search" role="search" onKeyDown={onKey}>
      <input
        ref={input}
        className="input"
        value={term}
        maxLength={200}
        aria-label={text('terminal.find')}
        aria-invalid={invalid}
        spellCheck={false}
        onChange={(event) => {
          setTerm(event.target.value);
          find(event.target.value, options, 'next', true);
        }}
      />
      <span className="terminal-search-count tabular" role="status">
        {term !== '' && (found.count === 0 ? text('terminal.find-none') : text('terminal.find-count', { index: found.index + 1, count: found.count }))}
      </span>
      <button type="button" className="button button-quiet button-icon button-small" aria-pressed={options.caseSensitive} aria-label={text('terminal.find-case')} title={text('terminal.find-case')} onClick={() => change({ caseSensitive: !options.caseSensitive })}>
        <Icon name="matchCase" />
      </button>
      <button type="button" className="button button-quiet button-icon button-small" aria-pressed={options.regex} aria-label={text('terminal.find-regex')} title={text('terminal.find-regex')} onClick={() => change({ regex: !options.regex })}>
        <Icon name="pattern" />
      </button>
      <button type="button" className="button button-quiet button-icon button-small" aria-label={text('terminal.find-previous')} onClick={() => find(term, options, 'previous', false)}>
        <Icon name="chevronUp" />
      </button>
      <button type="button" className="button button-quiet button-icon button-small" aria-label={text('terminal.find-next')} onClick={() => find(term, options, 'next', false)}>
        <Icon name="chevronDown" />
      </button>
      <button type="button" className="button button-quiet button-icon button-small" aria-label={text('terminal.find-close')} onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function isPattern(term: string): boolean {
  try {
    return new RegExp(term) instanceof RegExp;
  } catch {
    return false;
  }
}
