import { isSegmentTag } from '../../shared/api/resources.ts';

/** A resource's tags, those that choose a Gateway segment first and marked. */
export function TagList({ tags }: { readonly tags: readonly string[] }) {
  const ordered = [...tags.filter(isSegmentTag), ...tags.filter((tag) => !isSegmentTag(tag))];
  return (
    <span className="tag-list" title={ordered.join('  ')}>
      {ordered.map((tag) => (
        <span key={tag} className={isSegmentTag(tag) ? 'tag tag-segment' : 'tag'}>
          <span className="ellipsis">{tag}</span>
        </span>
      ))}
    </span>
  );
}
