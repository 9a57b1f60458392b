import type { ReactNode } from 'react';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { useText } from '../language/use-text.ts';
import { ErrorNotice } from './error-notice.tsx';
import { Icon } from './icon.tsx';

interface ListPageProps {
  readonly title: string;
  /** In the head, behind the title. */
  readonly tools?: ReactNode;
  /** Under the head: what narrows the list, and what is under way. */
  readonly above?: ReactNode;
  readonly error: ShownError | null;
  /** The list, or what stands in its place. */
  readonly children: ReactNode;
  /** Whether the list scrolls by itself; else it scrolls in the page. */
  readonly ownScroll?: boolean;
  /** Details of what is chosen, beside the list. */
  readonly beside?: ReactNode;
  /** Dialogs. */
  readonly over?: ReactNode;
}

/** A page of the main window that shows a list: head, what failed, the list, details beside it. */
export function ListPage({ title, tools, above, error, children, ownScroll = false, beside, over }: ListPageProps) {
  return (
    <div className="page">
      <header className="page-head">
        <h1>{title}</h1>
        {tools}
      </header>
      {above}
      {error && (
        <div className="page-notice">
          <ErrorNotice error={error} />
        </div>
      )}
      <div className="split">
        {ownScroll ? (
          children
        ) : (
          <div className="page-body scroll" tabIndex={0} role="region" aria-label={title}>
            {children}
          </div>
        )}
        {beside}
      </div>
      {over}
    </div>
  );
}

/** The field that searches the list of a page. */
export function PageSearch({ label, value, onChange }: { readonly label: string; readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <div className="search-frame page-search" role="search">
      <Icon name="search" />
      <input type="search" className="search-input" value={value} maxLength={200} placeholder={label} aria-label={label} onChange={(event) => onChange(event.target.value)} />
    </div>
  );
}

/** Asks for a list again. */
export function ReloadButton({ onReload }: { readonly onReload: () => void }) {
  const text = useText();
  return (
    <button type="button" className="button button-icon" aria-label={text('common.reload')} title={text('common.reload')} onClick={onReload}>
      <Icon name="replay" />
    </button>
  );
}

/** Adds an item to the list of a page. */
export function AddButton({ label, onAdd }: { readonly label: string; readonly onAdd: () => void }) {
  return (
    <button type="button" className="button button-primary" onClick={onAdd}>
      <Icon name="plus" />
      {label}
    </button>
  );
}
