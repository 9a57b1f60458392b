import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import type { ResourceActions } from './resources-page.tsx';

interface ConnectButtonsProps {
  readonly row: ResourceRow;
  readonly actions: ResourceActions;
  /** Within the grid the row has the focus, and its buttons are reached by the keys of the row. */
  readonly inGrid: boolean;
}

/** One button for each protocol of the resource that a rule gives the user; in words where there is none. */
export function ConnectButtons({ row, actions, inGrid }: ConnectButtonsProps) {
  const text = useText();
  return (
    <span className="connect">
      {row.allowedProtocols.length === 0 && <span className="field-hint">{text('resources.no-protocol-allowed')}</span>}
      {row.allowedProtocols.map((protocol) => {
        const name = text(`protocol.${protocol}`);
        const label = text('resources.connect', { name: row.name, protocol: name });
        return (
          <button
            key={protocol}
            type="button"
            tabIndex={inGrid ? -1 : 0}
            className="button button-small connect-button"
            aria-label={label}
            title={label}
            onClick={(event) => {
              event.stopPropagation();
              actions.connect(row, protocol);
            }}
          >
            <Icon name="terminal" />
            {name}
          </button>
        );
      })}
    </span>
  );
}

/** The star of a resource. */
export function FavouriteButton({ row, actions, inGrid }: ConnectButtonsProps) {
  const text = useText();
  const label = text(row.favourite ? 'resources.favourite-remove' : 'resources.favourite-add', { name: row.name });
  return (
    <button
      type="button"
      tabIndex={inGrid ? -1 : 0}
      className={row.favourite ? 'button button-quiet button-icon button-small star star-on' : 'button button-quiet button-icon button-small star'}
      aria-pressed={row.favourite}
      aria-label={label}
      title={label}
      onClick={(event) => {
        event.stopPropagation();
        actions.favourite(row);
      }}
    >
      <Icon name="star" filled={row.favourite} />
    </button>
  );
}
