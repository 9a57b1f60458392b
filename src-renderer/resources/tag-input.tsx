import { type KeyboardEvent, useEffect, useId, useState } from 'react';
import { isSegmentTag, MAX_TAGS, tag as tagSchema } from '../../shared/api/resources.ts';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** Tags offered while typing. */
const OFFERED = 200;

interface TagInputProps {
  readonly label: string;
  readonly tags: readonly string[];
  readonly suggestions: readonly string[];
  readonly hint?: string;
  readonly onChange: (tags: readonly string[]) => void;
}

/** The Tags field (S37): chips, and a place to type another; Enter, comma or space takes it, Backspace in the empty place takes the last away. */
export function TagInput({ label, tags, suggestions, hint, onChange }: TagInputProps) {
  const text = useText();
  const listId = useId();
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<'invalid' | 'too-many' | null>(null);
  const take = (words: string): void => {
    const read = words.split(/[\s,;、，]+/).filter((word) => word !== '').map((word) => tagSchema.safeParse(word));
    const added = read.flatMap((one) => (one.success ? [one.data] : []));
    const all = [...new Set([...tags, ...added])];
    setProblem(read.some((one) => !one.success) ? 'invalid' : all.length > MAX_TAGS ? 'too-many' : null);
    if (added.length !== read.length || all.length > MAX_TAGS) return;
    setTyped('');
    if (all.length > tags.length) onChange(all);
  };
  const onKey = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Backspace' && typed === '' && tags.length > 0) onChange(tags.slice(0, -1));
    else if ((event.key === 'Enter' || event.key === ',' || event.key === ' ') && typed.trim() !== '') take(typed);
    else if (event.key !== ',' && event.key !== ' ') return;
    event.preventDefault();
  };
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })} problem={problem === null ? null : text(`tags.${problem}`)}>
      {(ties) => (
        <div className="tag-input">
          {tags.length > 0 && (
            <ul className="tag-input-chips" aria-label={label}>
              {tags.map((one) => (
                <li key={one} className={isSegmentTag(one) ? 'tag tag-segment' : 'tag'}>
                  <span className="ellipsis">{one}</span>
                  <button type="button" className="tag-input-remove" aria-label={text('tags.remove', { tag: one })} onClick={() => onChange(tags.filter((other) => other !== one))}>
                    <Icon name="close" />
                  </button>
                </li>
              ))}
            </ul>
          )}
          <input {...ties} className="tag-input-typed" value={typed} maxLength={200} list={listId} autoComplete="off" autoCapitalize="off" spellCheck={false} onChange={(event) => setTyped(event.target.value)} onKeyDown={onKey} onBlur={() => typed.trim() !== '' && take(typed)} />
          <datalist id={listId}>
            {suggestions.filter((one) => !tags.includes(one)).map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
        </div>
      )}
    </Field>
  );
}

/** Says which of the tags name a Gateway segment that has no Gateway (rule 6: such connections are refused). */
export function SegmentTagWarning({ tags }: { readonly tags: readonly string[] }) {
  const text = useText();
  const formats = useFormats();
  const segments = useFed('inventory', (state) => state.segments) ?? [];
  const unknown = tags.filter((one) => isSegmentTag(one) && !segments.some(({ segment, known, total }) => segment === one && known && total > 0));
  if (unknown.length === 0) return null;
  return (
    <div className="notice notice-warn" role="status">
      <Icon name="warning" />
      <p>{text('tags.unknown-segment', { segments: formats.list(unknown) })}</p>
    </div>
  );
}

/** Names of segments first, then the tags that resources have most. */
export function useTagSuggestions(): readonly string[] {
  const { mavis } = useParts();
  const segments = useFed('inventory', (state) => state.segments) ?? [];
  const [known, setKnown] = useState<readonly string[]>([]);
  useEffect(() => {
    let current = true;
    const read = async () => {
      const answer = await ask(mavis.service.resourceTags({ params: {}, query: { limit: OFFERED }, body: {} }));
      if (current && answer.ok) setKnown(answer.value.tags.map(({ tag }) => tag));
    };
    void read();
    return () => {
      current = false;
    };
  }, [mavis]);
  const names = segments.flatMap(({ segment, total }) => (segment === null || total === 0 ? [] : [segment]));
  return [...new Set([...names, ...known])];
}
