import { useEffect, useId, useState } from 'react';
import type { SegmentState } from '../../shared/api/gateways.ts';
import { Icon } from '../controls/icon.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** Ages are shown to the minute, so that a bar that nobody looks at does not redraw each second. */
const AGE_EVERY_MS = 15_000;

/** The bar at the bottom: whether the service is connected, the state of the Gateway segments, and what an embedded system stands in for. */
export function StatusBar() {
  const online = useFed('inventory', (state) => state.online) ?? false;
  const text = useText();
  return (
    <footer className="status-bar">
      <span className={online ? 'badge badge-good' : 'badge badge-bad'} role="status" title={online ? undefined : text('status.offline-detail')}>
        <Icon name={online ? 'online' : 'offline'} />
        <span className="status-long">{online ? text('status.online') : text('status.offline')}</span>
      </span>
      <Segments />
      <span className="status-space" />
      <EmbeddedNotice />
    </footer>
  );
}

function Segments() {
  const text = useText();
  const formats = useFormats();
  const segments = useFed('inventory', (state) => state.segments);
  const [open, setOpen] = useState(false);
  const id = useId();
  if (!segments) return null;
  const named = segments.filter((segment) => segment.segment !== null);
  const down = named.filter((segment) => segment.available === 0).length;
  const summary = down === 0 ? text('status.segments-all', { count: named.length }) : text('status.segments-some', { down: formats.number(down), total: formats.number(named.length) });
  return (
    <div className="status-segments" onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)} onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}>
      <button type="button" className={down === 0 ? 'status-button badge' : 'status-button badge badge-warn'} aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen(!open)}>
        <Icon name={down === 0 ? 'gateway' : 'warning'} />
        {summary}
      </button>
      {open && <SegmentList id={id} segments={segments} />}
    </div>
  );
}

function SegmentList({ id, segments }: { readonly id: string; readonly segments: readonly SegmentState[] }) {
  const text = useText();
  const formats = useFormats();
  const now = useNow(AGE_EVERY_MS);
  return (
    <div id={id} className="popover segment-list scroll" role="region" aria-label={text('status.segments')} tabIndex={0}>
      <h2>{text('status.segments')}</h2>
      <ul>
        {segments.map((segment) => (
          <li key={segment.segment ?? ''} className="segment-line">
            <span className={segment.available > 0 ? 'badge badge-good' : 'badge badge-bad'}>
              <Icon name={segment.available > 0 ? 'check' : 'warning'} />
            </span>
            <span className="segment-name ellipsis">{segment.segment ?? text('status.all-gateways')}</span>
            <span className="tabular">{segment.known ? text('status.segment-line', { available: segment.available, total: segment.total }) : text('status.segment-unknown')}</span>
            <span className="segment-age">{segment.confirmedAt === null ? '' : text('status.confirmed', { when: formats.relative(segment.confirmedAt, now) })}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function EmbeddedNotice() {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const [ports, setPorts] = useState<readonly number[] | null>(null);
  useEffect(() => {
    let current = true;
    const read = async () => {
      const answer = await ask(mavis.app.about({}));
      if (current && answer.ok && answer.value.embedded) setPorts(answer.value.ports ?? []);
    };
    void read();
    return () => {
      current = false;
    };
  }, [mavis]);
  if (ports === null) return null;
  const detail = text('status.embedded-detail', { ports: formats.list(ports.map(String)) });
  return (
    <span className="badge status-embedded" title={detail}>
      <Icon name="info" />
      <span>{text('status.embedded')}</span>
      <span className="status-long status-embedded-detail ellipsis">{detail}</span>
    </span>
  );
}
