import { useText } from '../language/use-text.ts';
import { useCopy } from './copy-button.tsx';
import { Icon } from './icon.tsx';

/** A connection's reference, which a press copies. */
export function ReferenceButton({ reference }: { readonly reference: string }) {
  const text = useText();
  const { copied, copy } = useCopy();
  return (
    <button
      type="button"
      className="reference"
      title={text('common.copy-reference', { reference })}
      onClick={(event) => {
        event.stopPropagation();
        void copy(reference);
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
