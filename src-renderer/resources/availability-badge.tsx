import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';

const looks: Readonly<Record<ResourceRow['availability'], { readonly icon: IconName; readonly className: string; readonly label: 'resources.available' | 'resources.none-available' | 'resources.availability-unknown' }>> = {
  available: { icon: 'check', className: 'badge badge-good', label: 'resources.available' },
  'none-available': { icon: 'warning', className: 'badge badge-bad', label: 'resources.none-available' },
  'no-default-gateway': { icon: 'warning', className: 'badge badge-bad', label: 'resources.none-available' },
  unknown: { icon: 'dash', className: 'badge', label: 'resources.availability-unknown' },
};

/** Whether a Gateway is there for the resource (S13: shown before one presses Connect), by icon and word. */
export function AvailabilityBadge({ row }: { readonly row: ResourceRow }) {
  const text = useText();
  const warning = useNoneAvailableText(row);
  const look = looks[row.availability];
  return (
    <span className={look.className} title={warning ?? undefined}>
      <Icon name={look.icon} />
      <span className="ellipsis">{text(look.label)}</span>
    </span>
  );
}

/** What it means that no Gateway is available for the resource; null where one is, or nothing is known. */
export function useNoneAvailableText(row: ResourceRow): string | null {
  const text = useText();
  const formats = useFormats();
  if (row.availability === 'no-default-gateway') return text('resources.no-default-gateway');
  if (row.availability !== 'none-available') return null;
  return row.segments.length === 0 ? text('resources.none-available-any') : text('resources.none-available-detail', { segments: formats.list(row.segments) });
}
