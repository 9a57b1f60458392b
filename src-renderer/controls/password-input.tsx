import { type KeyboardEvent, type Ref, useState } from 'react';
import { useText } from '../language/use-text.ts';
import type { FieldTies } from './field.tsx';
import { Icon } from './icon.tsx';

interface PasswordInputProps {
  readonly ties: FieldTies;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly autoComplete: 'current-password' | 'new-password' | 'off';
  readonly maxLength?: number;
  readonly inputRef?: Ref<HTMLInputElement>;
}

/** A password field that can be shown, and that tells when Caps Lock is on. */
export function PasswordInput({ ties, value, onChange, autoComplete, maxLength = 256, inputRef }: PasswordInputProps) {
  const text = useText();
  const [shown, setShown] = useState(false);
  const [capsLock, setCapsLock] = useState(false);
  const watch = (event: KeyboardEvent) => setCapsLock(event.getModifierState('CapsLock'));
  return (
    <>
      <div className="password">
        <input
          {...ties}
          ref={inputRef}
          className="input"
          type={shown ? 'text' : 'password'}
          value={value}
          maxLength={maxLength}
          autoComplete={autoComplete}
          autoCapitalize="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={watch}
          onKeyUp={watch}
          onBlur={() => setCapsLock(false)}
        />
        <button type="button" className="button button-quiet button-icon button-small password-show" aria-pressed={shown} aria-label={text('sign-in.show-password')} title={shown ? text('sign-in.hide-password') : text('sign-in.show-password')} onClick={() => setShown(!shown)}>
          <Icon name={shown ? 'eyeOff' : 'eye'} />
        </button>
      </div>
      <span role="status" className={capsLock ? 'badge badge-warn' : 'visually-hidden'}>
        {capsLock && (
          <>
            <Icon name="warning" />
            {text('sign-in.caps-lock')}
          </>
        )}
      </span>
    </>
  );
}
