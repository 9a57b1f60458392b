import { useId, useState } from 'react';
import { segmentName } from '../../shared/api/gateways.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

interface Renamed {
  readonly gateways: number;
  readonly resources: number;
  readonly rules: readonly string[];
}

/** Renames a segment with the tags of its resources (rule 6), and says what that changed and what it did not. */
export function RenameSegment({ segment, onClose }: { readonly segment: string; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const [name, setName] = useState(segment);
  const [wrong, setWrong] = useState(false);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [renamed, setRenamed] = useState<Renamed | null>(null);
  const formId = useId();
  const rename = async () => {
    const read = segmentName.safeParse(name.trim());
    setWrong(!read.success || read.data === segment);
    if (!read.success || read.data === segment) return;
    const answer = await ask(mavis.service.segmentRename({ params: { segment }, query: {}, body: { name: read.data } }));
    setFailure(answer.ok ? null : answer.error);
    if (answer.ok) setRenamed(answer.value);
  };
  return (
    <Dialog
      title={text('gateways.rename-title', { segment })}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            {renamed ? text('common.close') : text('common.cancel')}
          </button>
          {!renamed && (
            <button type="submit" form={formId} className="button button-primary">
              {text('gateways.rename-segment')}
            </button>
          )}
        </>
      }
    >
      {renamed ? (
        <div role="status" className="setup-body">
          <p>{text('gateways.renamed', { from: segment, to: name.trim(), gateways: renamed.gateways, resources: renamed.resources })}</p>
          {renamed.rules.length > 0 && (
            <div className="notice notice-warn">
              <Icon name="warning" />
              <p>{text('gateways.renamed-rules', { rules: formats.list(renamed.rules) })}</p>
            </div>
          )}
        </div>
      ) : (
        <DialogForm id={formId} onSubmit={rename}>
          <p>{text('gateways.rename-body')}</p>
          <Field label={text('gateways.new-name')} problem={wrong ? text('gateway-form.segment-invalid') : null}>
            {(ties) => <input {...ties} className="input mono" value={name} maxLength={100} spellCheck={false} autoCapitalize="off" onChange={(event) => setName(event.target.value)} />}
          </Field>
          {failure && <ErrorNotice error={failure} />}
        </DialogForm>
      )}
    </Dialog>
  );
}
