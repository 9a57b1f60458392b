import type { ReactNode } from 'react';
import { useOneAtATime } from './use-one-at-a-time.ts';

/** The form within a dialog whose button of submission, of the same `form`, stands among the dialog's actions. Its fields are judged by the page, not by the browser. While one submission is answered it takes no other. */
export function DialogForm({ id, onSubmit, children }: { readonly id: string; readonly onSubmit: () => Promise<void>; readonly children: ReactNode }) {
  const { busy, run } = useOneAtATime();
  return (
    <form
      id={id}
      className="setup-body"
      noValidate
      aria-busy={busy}
      onSubmit={(event) => {
        event.preventDefault();
        void run(onSubmit);
      }}
    >
      {children}
    </form>
  );
}
