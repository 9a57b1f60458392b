import type { ReactNode } from 'react';

/** The form within a dialog whose button of submission, of the same `form`, stands among the dialog's actions. Its fields are judged by the page, not by the browser. */
export function DialogForm({ id, onSubmit, children }: { readonly id: string; readonly onSubmit: () => Promise<void>; readonly children: ReactNode }) {
  return (
    <form
      id={id}
      className="setup-body"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void onSubmit();
      }}
    >
      {children}
    </form>
  );
}
