import { useState } from 'react';
import { sessionPolicy, type SessionPolicy } from '../../shared/policy/session-policy.ts';
import { Field } from '../controls/field.tsx';
import { useText } from '../language/use-text.ts';

interface FileRulesFieldsProps {
  readonly policy: SessionPolicy;
  readonly onChange: (changes: Partial<SessionPolicy>) => void;
  /** The largest file as it is typed, in megabytes. */
  readonly largest: string;
  readonly largestWrong: boolean;
  readonly onLargest: (typed: string) => void;
}

/** What a rule says of files over SFTP beyond upload, download and delete: where, how large, and which names never. */
export function FileRulesFields({ policy, onChange, largest, largestWrong, onLargest }: FileRulesFieldsProps) {
  const text = useText();
  return (
    <fieldset className="rule-set">
      <legend className="field-label">{text('rules.files')}</legend>
      <Lines label={text('rules.file-paths')} hint={text('rules.file-paths-hint')} values={policy.filePaths} takes={(values) => sessionPolicy.shape.filePaths.safeParse(values).success} onChange={(filePaths) => onChange({ filePaths })} />
      <Lines label={text('rules.denied-names')} hint={text('rules.denied-names-hint')} values={policy.deniedFileNames} takes={(values) => sessionPolicy.shape.deniedFileNames.safeParse(values).success} onChange={(deniedFileNames) => onChange({ deniedFileNames })} />
      <Field label={text('rules.max-file')} hint={text('rules.max-file-hint')} problem={largestWrong ? text('rules.max-file-problem') : null}>
        {(ties) => <input {...ties} className="input tabular" inputMode="decimal" maxLength={20} autoComplete="off" value={largest} onChange={(event) => onLargest(event.target.value)} />}
      </Field>
    </fieldset>
  );
}

function linesOf(typed: string): string[] {
  return typed.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}

/** A list, one value a line. What is typed stays as it is. */
function Lines({ label, hint, values, takes, onChange }: { readonly label: string; readonly hint: string; readonly values: readonly string[]; readonly takes: (values: string[]) => boolean; readonly onChange: (values: string[]) => void }) {
  const text = useText();
  const [typed, setTyped] = useState(() => values.join('\n'));
  const good = takes(linesOf(typed));
  return (
    <Field label={label} hint={hint} problem={good ? null : text('rules.lines-problem')}>
      {(ties) => (
        <textarea
          {...ties}
          className="input mono"
          rows={2}
          value={typed}
          spellCheck={false}
          onChange={(event) => {
            setTyped(event.target.value);
            // A line that is no path yet goes along: where it is saved so, the service refuses it.
            onChange(linesOf(event.target.value));
          }}
        />
      )}
    </Field>
  );
}
