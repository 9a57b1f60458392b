import { useEffect, useState } from 'react';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { Icon } from './icon.tsx';

/** So long a copy is acknowledged: long enough to be read. */
const ACKNOWLEDGED_MS = 1600;

/** A connection's reference, which a press copies. */
export function ReferenceButton({ reference }: { readonly reference: string }) {
  const { mavis } = useParts();
  const text = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), ACKNOWLEDGED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className="reference"
      title={text('common.copy-reference', { reference })}
      onClick={async (event) => {
        event.stopPropagation();
        const answer = await ask(mavis.app.copyText({ text: reference }));
        setCopied(answer.ok);
      }}
    >
      <span className="visually-hidden">{text('common.copy')} </span>
      <span>{reference}</span>
      <Icon name={copied ? 'check' : 'copy'} />
      <span role="status" className="visually-hidden">
        {copied ? text('common.copied') : ''}
      </span>
    </button>
  );
}
