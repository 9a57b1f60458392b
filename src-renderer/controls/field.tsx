import { type ReactNode, useId } from 'react';
import { Icon } from './icon.tsx';

/** What a field's input is tied to: its id, and the ids of hint and problem. */
export interface FieldTies {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean;
}

/** A labelled field with a hint and, where there is one, its problem. */
export function Field({ label, hint, problem, children }: { readonly label: string; readonly hint?: string | undefined; readonly problem?: string | null; readonly children: (ties: FieldTies) => ReactNode }) {
  const id = useId();
  const hintId = `${id}-hint`;
  const problemId = `${id}-problem`;
  const wrong = problem !== undefined && problem !== null;
  const describedBy = [hint === undefined ? '' : hintId, wrong ? problemId : ''].filter((part) => part !== '').join(' ');
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': describedBy === '' ? undefined : describedBy, 'aria-invalid': wrong })}
      {hint !== undefined && (
        <span id={hintId} className="field-hint">
          {hint}
        </span>
      )}
      {wrong && (
        <span id={problemId} className="field-problem" role="alert">
          <Icon name="warning" />
          {problem}
        </span>
      )}
    </div>
  );
}
