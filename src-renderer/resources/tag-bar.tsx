import { memo } from 'react';
import { isSegmentTag } from '../../shared/api/resources.ts';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';

/** Chips shown: two lines of a wide window; more are found by typing. */
const SHOWN_TAGS = 24;

interface TagBarProps {
  readonly tags: readonly { readonly tag: string; readonly count: number }[];
  /** Tags that the filter asks for, one a line: compared as a text, so that a key that changes none of them draws nothing here. */
  readonly chosen: string;
  readonly onToggle: (tag: string) => void;
}

/** The tags of what matches, with counts: a press adds the tag to the filter, or takes it out. */
export const TagBar = memo(function TagBar({ tags, chosen: chosenLines, onToggle }: TagBarProps) {
  const text = useText();
  const formats = useFormats();
  const chosen = chosenLines === '' ? [] : chosenLines.split('\n');
  const offered = tags.filter(({ tag }) => !chosen.includes(tag)).slice(0, SHOWN_TAGS);
  if (chosen.length + offered.length === 0) return null;
  return (
    <ul className="tag-bar" aria-label={text('resources.tags')}>
      {chosen.map((tag) => (
        <li key={tag}>
          <button type="button" className="tag tag-button tag-chosen" aria-pressed="true" title={text('resources.tag-remove', { tag })} onClick={() => onToggle(tag)}>
            <span className="ellipsis">{tag}</span>
            <Icon name="close" />
          </button>
        </li>
      ))}
      {offered.map(({ tag, count }) => (
        <li key={tag}>
          <button type="button" className={isSegmentTag(tag) ? 'tag tag-button tag-segment' : 'tag tag-button'} aria-pressed="false" title={text('resources.tag-add', { tag, count: formats.number(count) })} onClick={() => onToggle(tag)}>
            {isSegmentTag(tag) && <Icon name="gateway" />}
            <span className="ellipsis">{tag}</span>
            <span className="tag-count tabular">{formats.number(count)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
});
