const ATTRIBUTES = [['autocomplete', 'off'], ['autocorrect', 'off'], ['autocapitalize', 'off'], ['spellcheck', 'false'], ['aria-hidden', 'true'], ['tabindex', '-1']] as const;

/** The field that has the focus while keys are a desktop's: an input method writes into fields alone. It is never seen. */
export function makeKeyField(): HTMLTextAreaElement {
  const field = document.createElement('textarea');
  field.className = 'desktop-keys';
  for (const [name, value] of ATTRIBUTES) field.setAttribute(name, value);
  return field;
}

/** Hands on what an input method has made, or another program has put into the field, and empties it; ends with `signal`. What is still being composed stays. */
export function watchText(field: HTMLTextAreaElement, typed: (text: string) => void, signal: AbortSignal): void {
  const take = (): void => {
    typed(field.value);
    field.value = '';
  };
  field.addEventListener('input', (event) => {
    if (!(event instanceof InputEvent && event.isComposing)) take();
  }, { signal });
  field.addEventListener('compositionend', take, { signal });
}

/** Whether an input method has taken a key: what it makes of it comes as text. */
export function isTaken(event: KeyboardEvent): boolean {
  return event.isComposing || event.key === 'Process';
}
