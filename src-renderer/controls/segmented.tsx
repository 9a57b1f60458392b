import { useId } from 'react';
import { Icon, type IconName } from './icon.tsx';

export interface SegmentedOption<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly icon?: IconName;
}

/** One choice of few, all visible: a group of radio buttons in one frame. */
export function Segmented<Value extends string>({ label, value, options, onChange }: { readonly label: string; readonly value: Value; readonly options: readonly SegmentedOption<Value>[]; readonly onChange: (value: Value) => void }) {
  const name = useId();
  return (
    <div className="segmented" role="radiogroup" aria-label={label}>
      {options.map((option) => (
        <label key={option.value} className="segmented-item">
          <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} />
          {option.icon && <Icon name={option.icon} />}
          {option.label}
        </label>
      ))}
    </div>
  );
}
