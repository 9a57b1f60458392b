import { useEffect, useState } from 'react';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { Icon } from './icon.tsx';

/** So long a copy is acknowledged: long enough to be read. */
const ACKNOWLEDGED_MS = 1600;

/** Whether something was copied just now, and the function that copies. */
export function useCopy(): { readonly copied: boolean; readonly copy: (text: string) => Promise<void> } {
  const { mavis } = useParts();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), ACKNOWLEDGED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return {
    copied,
    copy: async (text) => {
      const answer = await ask(mavis.app.copyText({ text }));
      setCopied(answer.ok);
    },
  };
}

/** Copies a text that stands beside it; `label` says which. */
export function CopyButton({ label, value }: { readonly label: string; readonly value: string }) {
  const text = useText();
  const { copied, copy } = useCopy();
  return (
    <>
      <button type="button" className="button button-small button-icon" aria-label={label} title={label} onClick={() => void copy(value)}>
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
      <span role="status" className="visually-hidden">
        {copied ? text('common.copied') : ''}
      </span>
    </>
  );
}
