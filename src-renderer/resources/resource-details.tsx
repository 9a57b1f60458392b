import { useId } from 'react';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { useFocusOfDetails } from '../controls/focus-of-details.ts';
import { Icon } from '../controls/icon.tsx';
import { ForeignClientsSection } from '../foreign-clients/foreign-clients-section.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { useFed } from '../stores/parts.tsx';
import { AvailabilityBadge, useNoneAvailableText } from './availability-badge.tsx';
import { ConnectButtons, FavouriteButton } from './connect-buttons.tsx';
import type { ResourceActions } from './resources-page.tsx';
import { TagList } from './tag-list.tsx';

const AGE_EVERY_MS = 15_000;

/** The panel beside the list with all that is known of one resource. */
export function ResourceDetails({ row, actions, onClose, onEdit }: { readonly row: ResourceRow; readonly actions: ResourceActions; readonly onClose: () => void; readonly onEdit: ((row: ResourceRow) => void) | undefined }) {
  const text = useText();
  const details = useFocusOfDetails<HTMLElement>();
  const formats = useFormats();
  const now = useNow(AGE_EVERY_MS);
  const titleId = useId();
  const warning = useNoneAvailableText(row);
  const segments = useFed('inventory', (state) => state.segments) ?? [];
  return (
    <aside ref={details} className="details scroll" aria-labelledby={titleId} tabIndex={0}>
      <header className="details-head">
        <h2 id={titleId} className="details-title">
          {row.name}
        </h2>
        <FavouriteButton row={row} actions={actions} inGrid={false} />
        <button type="button" className="button button-quiet button-icon button-small" aria-label={text('resources.details-close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p className="details-description">{row.description}</p>
      {warning !== null && (
        <div className="notice" role="status">
          <Icon name="warning" />
          <div className="notice-body">
            <p className="notice-message">{text('resources.none-available')}</p>
            <p className="notice-remedy">{warning}</p>
            <p className="notice-foot">
              <span>
                {text('common.who-acts')}: <strong>{text('actor.gateway-administrator')}</strong>
              </span>
            </p>
          </div>
        </div>
      )}
      <ConnectButtons row={row} actions={actions} inGrid={false} />
      {onEdit && (
        <button type="button" className="button button-small" onClick={() => onEdit(row)}>
          <Icon name="edit" />
          {text('resource-form.edit')}
        </button>
      )}
      <ForeignClientsSection key={row.id} row={row} />
      <div className="connect">
        {row.protocols.map((protocol) => (
          <button key={protocol} type="button" className="button button-small" onClick={() => actions.diagnose(row, protocol)}>
            {text('resources.diagnose', { protocol: text(`protocol.${protocol}`) })}
          </button>
        ))}
      </div>
      <dl className="facts">
        <dt>{text('resources.column-address')}</dt>
        <dd className="mono">{row.address}</dd>
        <dt>{text('resources.column-os')}</dt>
        <dd>{text(`operating-system.${row.operatingSystem}`)}</dd>
        <dt>{text('common.gateway')}</dt>
        <dd>
          <AvailabilityBadge row={row} />
        </dd>
        <dt>{text('common.segment')}</dt>
        <dd>
          {row.segments.length === 0 && text('resources.untagged')}
          {row.segments.map((name) => {
            const state = segments.find((segment) => segment.segment === name);
            return (
              <div key={name} className="details-segment">
                <span className="tag tag-segment">{name}</span>
                {state && (
                  <span>
                    {state.known ? text('status.segment-line', { available: state.available, total: state.total }) : text('status.segment-unknown')}
                    {state.confirmedAt !== null && ` · ${text('status.confirmed', { when: formats.relative(state.confirmedAt, now) })}`}
                  </span>
                )}
              </div>
            );
          })}
        </dd>
        <dt>{text('resources.column-tags')}</dt>
        <dd>{row.tags.length === 0 ? text('common.none') : <TagList tags={row.tags} />}</dd>
        <dt>{text('resources.last-used')}</dt>
        <dd>{row.lastUsedAt === null ? text('resources.never-used') : formats.relative(row.lastUsedAt, now)}</dd>
      </dl>
    </aside>
  );
}
