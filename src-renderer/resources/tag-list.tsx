import { isSegmentTag } from '../../shared/api/resources.ts';

/** A resource's tags in the order in which they are shown: those that choose a Gateway segment first. */
export function orderedTags(tags: readonly string[]): string[] {
  return [...tags.filter(isSegmentTag), ...tags.filter((tag) => !isSegmentTag(tag))];
}

/** A resource's tags, those that choose a Gateway segment marked. Beyond `shown` they are counted, and named in the tooltip and to screen readers. */
export function TagList({ tags, shown }: { readonly tags: readonly string[]; readonly shown?: number }) {
  const ordered = orderedTags(tags);
  const rest = shown === undefined ? [] : ordered.slice(shown);
  return (
    <span className="tag-list" title={ordered.join('  ')}>
      {ordered.slice(0, ordered.length - rest.length).map((tag) => (
        <span key={tag} className={isSegmentTag(tag) ? 'tag tag-segment' : 'tag'}>
          <span className="ellipsis">{tag}</span>
        </span>
      ))}
      {rest.length > 0 && (
        <span className="tag tag-rest tabular">
          <span aria-hidden="true">+{rest.length}</span>
          <span className="visually-hidden">{rest.join(', ')}</span>
        </span>
      )}
    </span>
  );
}
