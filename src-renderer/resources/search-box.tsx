import { type KeyboardEvent, type RefObject, useId, useState } from 'react';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';

/** Problems of a filter that have a text of their own; any other is told as unreadable. */
const problemKeys = {
  'unclosed-quote': 'filter-problem.unclosed-quote',
  'unclosed-parenthesis': 'filter-problem.unclosed-parenthesis',
  'unexpected-parenthesis': 'filter-problem.unexpected-parenthesis',
  'nothing-to-combine': 'filter-problem.nothing-to-combine',
  'empty-value': 'filter-problem.empty-value',
  'unknown-value': 'filter-problem.unknown-value',
  'too-deep': 'filter-problem.too-deep',
  'too-long': 'filter-problem.too-long',
} as const;
type KnownProblem = keyof typeof problemKeys;

function isKnownProblem(code: string): code is KnownProblem {
  return Object.hasOwn(problemKeys, code);
}

/** Longest filter that the contract takes. */
const MAX_FILTER_LENGTH = 500;

interface SearchBoxProps {
  readonly inputRef: RefObject<HTMLInputElement | null>;
  readonly filter: string;
  readonly problem: { readonly position: number; readonly code: string } | null;
  readonly onChange: (filter: string) => void;
  readonly onToList: () => void;
}

/** The search field with its language, what is wrong with what was typed, and help. */
export function SearchBox({ inputRef, filter, problem, onChange, onToList }: SearchBoxProps) {
  const text = useText();
  const problemId = useId();
  const helpId = useId();
  const [help, setHelp] = useState(false);
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) {
      // The engine's own Escape would empty the field; here it is the input method's.
      if (event.key === 'Escape') event.preventDefault();
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'Enter' || (event.key === 'Escape' && filter === '')) {
      event.preventDefault();
      onToList();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      onChange('');
    }
  };
  return (
    <div className="search">
      <div className="search-frame" role="search">
        <Icon name="search" />
        <input
          ref={inputRef}
          className="search-input"
          type="search"
          value={filter}
          maxLength={MAX_FILTER_LENGTH}
          placeholder={text('resources.search-hint')}
          aria-label={text('resources.search')}
          aria-describedby={problem ? problemId : undefined}
          aria-invalid={problem !== null}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={onKey}
        />
        {filter === '' ? (
          <kbd className="kbd" aria-hidden="true">
            /
          </kbd>
        ) : (
          <button type="button" className="button button-quiet button-icon button-small" aria-label={text('resources.clear-search')} onClick={() => onChange('')}>
            <Icon name="close" />
          </button>
        )}
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('resources.help')} aria-expanded={help} aria-controls={help ? helpId : undefined} onClick={() => setHelp(!help)}>
          <Icon name="question" />
        </button>
      </div>
      {problem && (
        <p id={problemId} className="field-problem search-problem" role="status">
          <Icon name="warning" />
          {text(isKnownProblem(problem.code) ? problemKeys[problem.code] : 'filter-problem.other', { position: problem.position + 1 })}
        </p>
      )}
      {help && <SearchHelp id={helpId} />}
    </div>
  );
}

function SearchHelp({ id }: { readonly id: string }) {
  const text = useText();
  const lines = [
    ['web tokyo "two words"', text('resources.help-words')],
    ['tag:gateway-aws  tag:gateway-*', text('resources.help-tag')],
    ['os:linux', text('resources.help-os')],
    ['protocol:ssh', text('resources.help-protocol')],
    ['-tag:test', text('resources.help-not')],
    ['(web OR db)', text('resources.help-or')],
    ['is:untagged', text('resources.help-untagged')],
  ] as const;
  return (
    <div id={id} className="search-help">
      <dl className="facts">
        {lines.map(([example, meaning]) => (
          <div key={example} className="search-help-line">
            <dt>
              <code>{example}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p className="field-hint">{text('resources.keys')}</p>
    </div>
  );
}
