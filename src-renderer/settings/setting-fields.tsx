import { type ReactNode, useId, useState } from 'react';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';

/** What a field's input is tied to. */
interface Ties {
  readonly id: string;
  readonly disabled?: boolean;
}

/** One setting, with the mark of the organisation where it is locked. The group keeps everything in it from being used then. */
export function Setting({ locked, children }: { readonly locked: boolean; readonly children: ReactNode }) {
  const text = useText();
  return (
    <fieldset className="setting" disabled={locked}>
      {children}
      {locked && (
        <span className="badge setting-managed">
          <Icon name="shield" />
          {text('settings.managed')}
        </span>
      )}
    </fieldset>
  );
}

/** A choice of few under its label. */
export function Choice({ label, hint, children }: { readonly label: string; readonly hint?: string; readonly children: ReactNode }) {
  return (
    <div className="field settings-choice">
      <span className="field-label" aria-hidden="true">
        {label}
      </span>
      {children}
      {hint !== undefined && <span className="field-hint settings-hint">{hint}</span>}
    </div>
  );
}

/** On or off. */
export function Switch({ label, hint, value, onChange }: { readonly label: string; readonly hint?: string; readonly value: boolean; readonly onChange: (value: boolean) => void }) {
  const hintId = useId();
  return (
    <label className="check">
      <input type="checkbox" checked={value} aria-describedby={hint === undefined ? undefined : hintId} onChange={(event) => onChange(event.target.checked)} />
      <span>
        {label}
        {hint !== undefined && (
          <span id={hintId} className="field-hint settings-hint">
            {hint}
          </span>
        )}
      </span>
    </label>
  );
}

/** A text that is taken when one leaves the field or presses Enter, so that half a word is no setting. An empty one is none unless `emptyToo` says so. */
export function Typed({ ties, value, emptyToo = false, onTyped }: { readonly ties: Ties; readonly value: string; readonly emptyToo?: boolean; readonly onTyped: (value: string) => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const take = () => {
    if (typed !== null && (emptyToo || typed.trim() !== '') && typed.trim() !== value) onTyped(typed.trim());
    setTyped(null);
  };
  return <input {...ties} className="input" value={typed ?? value} maxLength={200} onChange={(event) => setTyped(event.target.value)} onBlur={take} onKeyDown={(event) => event.key === 'Enter' && !event.nativeEvent.isComposing && take()} />;
}

interface TypedNumberProps {
  readonly ties: Ties;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onTyped: (value: number) => void;
}

/** A number within its bounds, taken as `Typed` takes a text. */
export function TypedNumber({ ties, value, min, max, onTyped }: TypedNumberProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const take = () => {
    const number = Number(typed);
    if (typed !== null && typed !== '' && Number.isFinite(number)) onTyped(Math.max(min, Math.min(max, Math.round(number))));
    setTyped(null);
  };
  return <input {...ties} className="input settings-number" type="number" min={min} max={max} value={typed ?? value} onChange={(event) => setTyped(event.target.value)} onBlur={take} onKeyDown={(event) => event.key === 'Enter' && !event.nativeEvent.isComposing && take()} />;
}
