import { useStore } from 'zustand';
import { MAX_RETAGGED } from '../../shared/api/resources.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import type { ResourceSelection } from './resource-selection.ts';

/** What may be done with several selected resources; nothing where none is selected. */
export function SelectionBar({ selection, onTags }: { readonly selection: ResourceSelection; readonly onTags: (ids: readonly ResourceRow['id'][]) => void }) {
  const text = useText();
  const formats = useFormats();
  const { ids, bounded } = useStore(selection.store);
  if (ids.size === 0) return null;
  return (
    <div className="selection-bar" role="group" aria-label={text('selection.count', { count: ids.size })}>
      <span className="tabular" role="status">
        {text('selection.count', { count: ids.size })}
      </span>
      {bounded && <span>{text('selection.bounded', { count: formats.number(MAX_RETAGGED) })}</span>}
      <button type="button" className="button button-small button-primary" onClick={() => onTags([...ids])}>
        <Icon name="edit" />
        {text('selection.edit-tags')}
      </button>
      <button type="button" className="button button-small" onClick={() => selection.clear()}>
        <Icon name="close" />
        {text('selection.clear')}
      </button>
      <span className="field-hint">{text('selection.hint')}</span>
    </div>
  );
}
