import type { AuditVerification } from '../../shared/api/audit.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { ReferenceButton } from '../controls/reference-button.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** The button that proves the chain. */
export function ProveButton() {
  const { mavis } = useParts();
  const text = useText();
  const running = useFed('logWork', (state) => state.proof.status === 'running') === true;
  return (
    <button type="button" className="button" aria-disabled={running} onClick={() => !running && void ask(mavis.logs.prove({}))}>
      <Icon name="shieldCheck" />
      {text('audit.verify')}
    </button>
  );
}

/** How far the proof of the chain is, and its verdict. */
export function ChainProofNotice() {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const proof = useFed('logWork', (state) => state.proof);
  if (!proof || proof.status === 'not-asked') return null;
  const drop = () => void ask(mavis.logs.dropProof({}));
  return (
    <div className="log-work">
      {proof.status === 'running' && (
        <div className="log-work-line">
          <span className="log-work-words" role="status">
            {text('audit.verifying')} {proof.of > 0 && <span className="tabular">{text('common.shown-of', { shown: formats.number(proof.entries), total: formats.number(proof.of) })}</span>}
          </span>
          <progress aria-label={text('audit.verifying')} value={proof.of === 0 ? undefined : proof.entries} max={proof.of === 0 ? undefined : proof.of} />
          <button type="button" className="button button-small" onClick={drop}>
            {text('common.cancel')}
          </button>
        </div>
      )}
      {proof.status === 'known' && <Verdict result={proof.result} at={proof.at} onClose={drop} />}
      {proof.status === 'failed' && (
        <ErrorNotice error={proof.error}>
          <button type="button" className="button button-small" onClick={drop}>
            {text('common.close')}
          </button>
        </ErrorNotice>
      )}
    </div>
  );
}

function Verdict({ result, at, onClose }: { readonly result: AuditVerification; readonly at: string; readonly onClose: () => void }) {
  const text = useText();
  const formats = useFormats();
  const broken = result.firstBroken;
  return (
    <div className={result.ok ? 'notice notice-good' : 'notice'} role={result.ok ? 'status' : 'alert'}>
      <Icon name={result.ok ? 'shieldCheck' : 'warning'} />
      <div className="notice-body">
        <p className="notice-message">
          {broken
            ? text('audit.broken', { sequence: broken.sequence, what: text(`audit.broken-${broken.what}`) })
            : text('audit.verified', { entries: result.entries, heads: result.headsChecked, open: result.notYetProven })}
        </p>
        <div className="notice-foot">
          <span>{text('audit.proved-at', { when: formats.instant(at) })}</span>
          {broken && broken.id !== null && <ReferenceButton reference={broken.id} />}
          <button type="button" className="button button-small" onClick={onClose}>
            {text('common.close')}
          </button>
        </div>
      </div>
    </div>
  );
}
