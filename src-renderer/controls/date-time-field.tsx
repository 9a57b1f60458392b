import { type KeyboardEvent, useState } from 'react';
import { useLanguage, useText } from '../language/use-text.ts';
import { daysLater, instantOf, localMinute, readDateTime, type SpanEnd, writeDateTime } from './date-time-text.ts';
import { Field } from './field.tsx';

/** What the field gives where its text is no date: neither an instant nor none, and nothing to save. */
export const UNREAD = 'unread';

interface DateTimeFieldProps {
  readonly label: string;
  /** An instant, empty for none, or `UNREAD`. */
  readonly value: string;
  /** Which end of a span it is: what a date without a time means, and which end of the minute. */
  readonly end: SpanEnd;
  readonly onChange: (value: string) => void;
}

/**
 * A date and time as text in the language of the page, in the computer's time zone. The engine's own field is written in the
 * language of the engine, whatever the page's is. Arrow Up and Down move by a day, with Shift by a week. Text that cannot be
 * read is given as `UNREAD`, and has its problem below.
 */
export function DateTimeField({ label, value, end, onChange }: DateTimeFieldProps) {
  const text = useText();
  const language = useLanguage();
  const written = value === '' || value === UNREAD ? '' : writeDateTime(localMinute(value), language);
  /** What is typed and not taken yet; null shows the value. */
  const [draft, setDraft] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  const typed = draft ?? written;
  const settle = () => {
    const read = typed.trim() === '' ? undefined : readDateTime(typed, end);
    const unread = read === undefined && typed.trim() !== '';
    setWrong(unread);
    if (unread) return onChange(UNREAD);
    setDraft(null);
    // What was written again as it stood keeps its seconds.
    if (draft !== null && (value === UNREAD || draft !== written)) onChange(read ? instantOf(read, end) : '');
    return undefined;
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter') settle();
    const days = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (days === 0) return;
    event.preventDefault();
    const from = readDateTime(typed, end) ?? localMinute(new Date().toISOString());
    setDraft(null);
    setWrong(false);
    onChange(instantOf(daysLater(from, event.shiftKey ? days * 7 : days), end));
  };
  return (
    <Field label={label} problem={wrong ? text('date.not-read', { example: writeDateTime({ year: 2026, month: 11, day: 25, hour: 14, minute: 30 }, language) }) : null}>
      {(ties) => <input {...ties} className="input tabular" type="text" inputMode="numeric" value={typed} maxLength={40} spellCheck={false} placeholder={text('date.form')} onChange={(event) => setDraft(event.target.value)} onBlur={settle} onKeyDown={onKey} />}
    </Field>
  );
}
