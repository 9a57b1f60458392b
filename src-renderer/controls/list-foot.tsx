import { useText } from '../language/use-text.ts';
import type { Paged } from '../mavis/use-paged.ts';

/** The end of a list that comes in pages: loading, or a button for more. */
export function ListFoot({ list }: { readonly list: Pick<Paged<unknown>, 'status' | 'more' | 'loadMore'> }) {
  const text = useText();
  if (list.status === 'loading') {
    return (
      <p className="page-foot badge" role="status">
        <span className="spinner" />
        {text('common.loading')}
      </p>
    );
  }
  if (!list.more) return null;
  return (
    <p className="page-foot">
      <button type="button" className="button" onClick={list.loadMore}>
        {text('common.more')}
      </button>
    </p>
  );
}
