import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon.tsx';

/** What stands where a list is empty: what that means, and what can be done. */
export function EmptyState({ icon, title, remedy, children }: { readonly icon: IconName; readonly title: string; readonly remedy?: string; readonly children?: ReactNode }) {
  return (
    <div className="empty" role="status">
      <Icon name={icon} />
      <p className="empty-title">{title}</p>
      {remedy !== undefined && <p>{remedy}</p>}
      {children}
    </div>
  );
}
