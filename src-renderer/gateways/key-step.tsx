import { useEffect, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { IpcContract } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import type { z } from 'zod';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { compareFingerprints } from './key-comparison.ts';

type PastedKey = z.output<IpcContract['gateways']['readPastedKey']['result']>;

/** What was read, and of which text: the field may hold another by then. */
interface ReadKey extends PastedKey {
  readonly of: string;
}

const nothing: PastedKey = { line: null, fingerprint: null, name: null, printed: null };

/** The public key is pasted, its fingerprint compared with what `init` printed, and entered (S38). `onEntered` follows. */
export function KeyStep({ gateway, formId, onEntered }: { readonly gateway: Gateway; readonly formId: string; readonly onEntered: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const [pasted, setPasted] = useState('');
  const [lastRead, setRead] = useState<ReadKey>({ ...nothing, of: '' });
  const [printed, setPrinted] = useState('');
  const [compared, setCompared] = useState(false);
  const [pressed, setPressed] = useState(false);
  const [failure, setFailure] = useState<ShownError | null>(null);
  useEffect(() => {
    let current = true;
    const readNow = async () => {
      const answer = pasted.trim() === '' ? null : await ask(mavis.gateways.readPastedKey({ text: pasted.slice(0, 20_000) }));
      if (!current) return;
      const found = answer?.ok ? answer.value : nothing;
      setRead({ ...found, of: pasted });
      if (found.printed !== null) setPrinted(found.printed);
    };
    void readNow();
    return () => {
      current = false;
    };
  }, [mavis, pasted]);
  // While another text is read, the last one's key is not its.
  const known = lastRead.of === pasted;
  const read = known ? lastRead : nothing;
  const comparison = compareFingerprints(read.fingerprint, printed);
  const agreed = comparison === 'same' || (comparison === 'nothing-to-compare' && compared);
  const enter = async () => {
    setPressed(true);
    setFailure(null);
    if (read.line === null || !agreed) return;
    const answer = await ask(mavis.service.gatewayEnterKey({ params: { gatewayId: gateway.id }, query: {}, body: { line: read.line } }));
    if (answer.ok) onEntered();
    else setFailure(answer.error);
  };
  return (
    <DialogForm id={formId} onSubmit={enter}>
      <p>{text('setup.key-intro')}</p>
      <Field label={text('setup.key-line')} problem={read.line === null && known && (pressed || pasted.trim() !== '') ? text('setup.key-invalid') : null}>
        {(ties) => (
          <textarea
            {...ties}
            className="input mono setup-key"
            rows={4}
            value={pasted}
            maxLength={20_000}
            spellCheck={false}
            autoCapitalize="off"
            onChange={(event) => {
              setPasted(event.target.value);
              setCompared(false);
            }}
          />
        )}
      </Field>
      {read.name !== null && read.name !== gateway.name && (
        <div className="notice notice-warn" role="status">
          <Icon name="warning" />
          <p>{text('setup.key-of-other', { name: read.name })}</p>
        </div>
      )}
      <div className="setup-compare">
        <div className="field">
          <span className="field-label">{text('setup.fingerprint-pasted')}</span>
          <code className="fingerprint" data-testid="pasted-fingerprint">
            {read.fingerprint ?? '—'}
          </code>
        </div>
        <Field label={text('setup.fingerprint-printed')} hint={text('setup.fingerprint-printed-hint')}>
          {(ties) => <input {...ties} className="input mono" value={printed} maxLength={200} spellCheck={false} autoCapitalize="off" placeholder="SHA256:…" onChange={(event) => setPrinted(event.target.value)} />}
        </Field>
      </div>
      {comparison !== 'nothing-to-compare' && (
        <p className={comparison === 'same' ? 'badge badge-good setup-comparison' : 'badge badge-bad setup-comparison'} role={comparison === 'same' ? 'status' : 'alert'}>
          <Icon name={comparison === 'same' ? 'check' : 'warning'} />
          {text(comparison === 'same' ? 'setup.fingerprint-same' : 'setup.fingerprint-differs')}
        </p>
      )}
      {comparison === 'nothing-to-compare' && read.fingerprint !== null && (
        <label className="check">
          <input type="checkbox" checked={compared} onChange={(event) => setCompared(event.target.checked)} />
          {text('setup.compared')}
        </label>
      )}
      {pressed && read.line !== null && comparison === 'nothing-to-compare' && !compared && (
        <p className="field-problem" role="alert">
          <Icon name="warning" />
          {text('setup.compare-first')}
        </p>
      )}
      {failure && <ErrorNotice error={failure} />}
    </DialogForm>
  );
}
