import type { ReactNode } from 'react';

/** A column of a list: its head, and what stands in it. */
export interface Column<Item> {
  readonly id: string;
  readonly label: string;
  /** Left out in a small window. */
  readonly wideOnly?: boolean;
  readonly cell: (item: Item) => ReactNode;
}
