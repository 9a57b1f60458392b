import { useId, useState } from 'react';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { SegmentTagWarning, TagInput, useTagSuggestions } from './tag-input.tsx';

/** Adds and removes tags of several resources at once, all or none (S37). */
export function BulkTags({ ids, onClose }: { readonly ids: readonly ResourceRow['id'][]; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const suggestions = useTagSuggestions();
  const [add, setAdd] = useState<readonly string[]>([]);
  const [remove, setRemove] = useState<readonly string[]>([]);
  const [done, setDone] = useState<{ readonly changed: number; readonly unchanged: number } | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [busy, setBusy] = useState(false);
  const formId = useId();
  const apply = async () => {
    if (busy || (add.length === 0 && remove.length === 0)) return;
    setBusy(true);
    const answer = await ask(mavis.service.resourceTagsChange({ params: {}, query: {}, body: { resourceIds: [...ids], add: [...add], remove: [...remove] } }));
    setBusy(false);
    setFailure(answer.ok ? null : answer.error);
    if (answer.ok) setDone(answer.value);
  };
  return (
    <Dialog
      title={text('selection.tags-title', { count: ids.length })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {done ? text('common.close') : text('common.cancel')}
          </button>
          {!done && (
            <button type="submit" form={formId} className="button button-primary" aria-disabled={busy || (add.length === 0 && remove.length === 0)}>
              {text('selection.apply')}
            </button>
          )}
        </>
      }
    >
      {done ? (
        <p role="status">{text('selection.done', done)}</p>
      ) : (
        <DialogForm id={formId} onSubmit={apply}>
          <TagInput label={text('selection.add')} tags={add} suggestions={suggestions} hint={text('tags.hint')} onChange={setAdd} />
          <SegmentTagWarning tags={add} />
          <TagInput label={text('selection.remove')} tags={remove} suggestions={suggestions} onChange={setRemove} />
          <p className="field-hint">{text('tags.why')}</p>
          {failure && <ErrorNotice error={failure} />}
        </DialogForm>
      )}
    </Dialog>
  );
}
