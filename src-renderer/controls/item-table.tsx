import type { ReactNode } from 'react';
import type { Column } from './column.ts';

interface TableColumn<Item> extends Column<Item> {
  /** Figures and instants, which stand under each other digit by digit. */
  readonly tabular?: boolean;
  readonly mono?: boolean;
  /** What can be done with the row: its head is for screen readers alone, and it stays in sight. */
  readonly actions?: boolean;
}

/** The columns of a table; nothing stands for one that is left out for who looks. */
export type TableColumns<Item> = readonly (TableColumn<Item> | null)[];

interface ItemTableProps<Item> {
  readonly items: readonly Item[];
  readonly columns: TableColumns<Item>;
  /** Where a press on a row chooses it: which one is chosen, and what then happens. */
  readonly choice?: { readonly chosen: string | null; readonly onChoose: (item: Item) => void };
}

/** A list as a table, an item a row; in a narrow window a card, with the heads before what they are of (`.table-stacked`). */
export function ItemTable<Item extends { readonly id: string }>({ items, columns, choice }: ItemTableProps<Item>): ReactNode {
  const shown = columns.filter((column) => column !== null);
  return (
    <table className="table table-stacked">
      <thead>
        <tr>
          {shown.map((column) => (
            <th key={column.id} scope="col" className={classesOf({ ...column, tabular: false, mono: false })}>
              {column.actions === true ? <span className="visually-hidden">{column.label}</span> : column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.id} {...(choice && { 'data-selected': item.id === choice.chosen, onClick: () => choice.onChoose(item) })}>
            {shown.map((column) => (
              <td key={column.id} className={classesOf(column)} data-label={column.actions === true ? undefined : column.label}>
                {column.cell(item)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function classesOf({ wideOnly = false, tabular = false, mono = false, actions = false }: Pick<TableColumn<never>, 'wideOnly' | 'tabular' | 'mono' | 'actions'>): string | undefined {
  const classes = [wideOnly ? 'wide-only' : '', tabular ? 'tabular' : '', mono ? 'mono' : '', actions ? 'row-actions' : ''].filter((name) => name !== '');
  return classes.length === 0 ? undefined : classes.join(' ');
}
