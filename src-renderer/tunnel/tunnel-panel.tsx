import { type FormEvent, useCallback, useId, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { TunnelDefault, TunnelSettings } from '../../shared/api/tunnel.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { FreshPanel } from '../gateways/fresh-panel.tsx';
import { availableIn, segmentNames } from '../gateways/gateway-groups.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** Tunnel on the Gateway management page (S22, S31, S41): whether it is on and through which Gateway, live; administrators change it. */
export function TunnelPanel({ gateways, mayChange }: { readonly gateways: readonly Gateway[]; readonly mayChange: boolean }) {
  const { mavis } = useParts();
  const text = useText();
  const load = useCallback(() => mavis.service.tunnelRead({ params: {}, query: {}, body: {} }), [mavis]);
  const fresh = useFresh(load, useFed('changes', ({ tunnel }) => tunnel) ?? 0);
  const { value: settings } = fresh;
  return (
    <FreshPanel title={text('tunnel.title')} unknown={text('tunnel.unknown')} fresh={fresh} summary={settings && <Summary settings={settings} gateways={gateways} />}>
      {settings && <TunnelForm key={settings.changedAt ?? ''} settings={settings} gateways={gateways} mayChange={mayChange} onSaved={fresh.reload} />}
    </FreshPanel>
  );
}

/** The Gateways that a default means. */
function meantBy(through: TunnelDefault | null, gateways: readonly Gateway[]): Gateway[] {
  if (through === null) return [];
  return gateways.filter(({ id, segment }) => (through.kind === 'gateway' ? id === through.gatewayId : segment === through.segment));
}

function Summary({ settings, gateways }: { readonly settings: TunnelSettings; readonly gateways: readonly Gateway[] }) {
  const text = useText();
  const { enabled, default: through } = settings;
  const short = enabled && availableIn(meantBy(through, gateways)) === 0;
  return (
    <>
      <span className={short ? 'badge badge-bad' : enabled ? 'badge badge-good' : 'badge'}>{text(enabled ? 'tunnel.on' : 'tunnel.off')}</span>
      <span className="tunnel-through">{through === null ? text('tunnel.no-default') : text('tunnel.through', { gateway: nameOf(through, gateways) ?? text('tunnel.removed') })}</span>
      {short && (
        <span className="badge badge-bad" role="status">
          <Icon name="warning" />
          {text('tunnel.none-available')}
        </span>
      )}
    </>
  );
}

interface TunnelFormProps {
  readonly settings: TunnelSettings;
  readonly gateways: readonly Gateway[];
  readonly mayChange: boolean;
  readonly onSaved: () => void;
}

function TunnelForm({ settings, gateways, mayChange, onSaved }: TunnelFormProps) {
  const { mavis } = useParts();
  const text = useText();
  const formats = useFormats();
  const hint = useId();
  const [enabled, setEnabled] = useState(settings.enabled);
  const [chosen, setChosen] = useState(valueOf(settings.default));
  const [state, setState] = useState<'idle' | 'saving' | 'saved'>('idle');
  const [error, setError] = useState<ShownError | null>(null);
  const through = defaultOf(chosen, gateways, settings.default);
  const incomplete = enabled && through === null;
  const changed = enabled !== settings.enabled || chosen !== valueOf(settings.default);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (incomplete || state === 'saving') return;
    setState('saving');
    setError(null);
    const asked = await ask(mavis.service.tunnelUpdate({ params: {}, query: {}, body: { enabled, default: through } }));
    setState(asked.ok ? 'saved' : 'idle');
    if (asked.ok) onSaved();
    else setError(asked.error);
  };
  const segments = segmentNames(gateways);
  const meant = meantBy(through, gateways);
  const removed = settings.default !== null && nameOf(settings.default, gateways) === null;
  return (
    <form className="tunnel-form" aria-label={text('tunnel.title')} onSubmit={(event) => void save(event)}>
      <p className="tunnel-about">{text('tunnel.about')}</p>
      <label className="tunnel-switch">
        <input type="checkbox" role="switch" checked={enabled} disabled={!mayChange} onChange={(event) => setEnabled(event.target.checked)} />
        {text('tunnel.switch')}
      </label>
      <label className="field">
        <span className="field-label">{text('tunnel.default')}</span>
        <select className="input" value={chosen} disabled={!mayChange} aria-describedby={hint} aria-invalid={incomplete || undefined} onChange={(event) => setChosen(event.target.value)}>
          <option value="">{text('tunnel.choose')}</option>
          {removed && <option value={valueOf(settings.default)}>{text('tunnel.removed')}</option>}
          {segments.length > 0 && (
            <optgroup label={text('tunnel.segments')}>
              {segments.map((segment) => (
                <option key={segment} value={`segment ${segment}`}>
                  {segment}
                </option>
              ))}
            </optgroup>
          )}
          {gateways.length > 0 && (
            <optgroup label={text('tunnel.gateways')}>
              {gateways.map(({ id, name }) => (
                <option key={id} value={`gateway ${id}`}>
                  {name}
                </option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      <p id={hint} className="field-hint" role={incomplete ? 'alert' : undefined}>
        {gateways.length === 0 ? text('tunnel.no-gateways') : incomplete ? text('tunnel.default-missing') : text('tunnel.available', { available: availableIn(meant), total: meant.length })}
      </p>
      <p className="field-hint">{text('tunnel.vendors')}</p>
      {error && <ErrorNotice error={error} />}
      {mayChange ? (
        <div className="tunnel-actions">
          <button type="submit" className="button button-primary" disabled={!changed || incomplete || state === 'saving'}>
            {text('tunnel.save')}
          </button>
          <span role="status">{state === 'saving' ? text('tunnel.saving') : state === 'saved' || settings.changedAt === null || changed ? '' : text('tunnel.changed', { when: formats.dateTime(settings.changedAt) })}</span>
        </div>
      ) : (
        <p className="field-hint">{text('tunnel.read-only')}</p>
      )}
    </form>
  );
}

/** A default as the value of a list's option. */
function valueOf(through: TunnelDefault | null): string {
  if (through === null) return '';
  return through.kind === 'gateway' ? `gateway ${through.gatewayId}` : `segment ${through.segment}`;
}

/** The default of an option: of the gateways that there are, or the one that was set. */
function defaultOf(value: string, gateways: readonly Gateway[], before: TunnelDefault | null): TunnelDefault | null {
  const gateway = gateways.find(({ id }) => value === `gateway ${id}`);
  if (gateway !== undefined) return { kind: 'gateway', gatewayId: gateway.id };
  const segment = gateways.find((one) => one.segment !== null && value === `segment ${one.segment}`)?.segment;
  if (segment !== undefined && segment !== null) return { kind: 'segment', segment };
  return value !== '' && value === valueOf(before) ? before : null;
}

/** The name of a default; null for a gateway or segment that is no longer there. */
function nameOf(through: TunnelDefault, gateways: readonly Gateway[]): string | null {
  const [first] = meantBy(through, gateways);
  if (first === undefined) return null;
  return through.kind === 'gateway' ? first.name : first.segment;
}
