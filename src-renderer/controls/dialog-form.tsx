import type { ReactNode } from 'react';
import { useOneAtATime } from './use-one-at-a-time.ts';

/** The form within a dialog whose button of submission, of the same `form`, stands among the dialog's actions. Its fields are judged by the page, not by the browser. */
export function DialogForm({ id, onSubmit, children }: { readonly id: string; readonly onSubmit: () => Promise<void>; readonly children: ReactNode }) {
  const submit = useOneAtATime(onSubmit);
  return (
    <form
      id={id}
      className="setup-body"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {children}
    </form>
  );
}
