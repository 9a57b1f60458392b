import { useId } from 'react';
import { z } from 'zod';
import { type Gateway, gatewayAddresses, segmentName } from '../../shared/api/gateways.ts';
import { Field } from '../controls/field.tsx';
import { useText } from '../language/use-text.ts';

/** A gateway's definition as it is typed. */
export interface GatewayDraft {
  readonly name: string;
  readonly segment: string;
  readonly host: string;
  readonly linkPort: string;
  readonly proxyPorts: string;
  readonly reachedThroughDefault: boolean;
}

/** The fields that are typed, of which each may be wrong. */
export type GatewayDraftField = Exclude<keyof GatewayDraft, 'reachedThroughDefault'>;

/** What an administrator enters of a gateway, as the service takes it. */
export interface GatewayDefinition {
  readonly name: string;
  readonly segment: string | null;
  readonly addresses: Gateway['addresses'];
  readonly reachedThroughDefault: boolean;
}

export const emptyDraft: GatewayDraft = { name: '', segment: '', host: '', linkPort: '443', proxyPorts: '7993, 7994, 7995', reachedThroughDefault: false };

/** The draft of a gateway that is there. */
export function draftOf({ name, segment, addresses, reachedThroughDefault }: Gateway): GatewayDraft {
  return { name, segment: segment ?? '', host: addresses.host, linkPort: String(addresses.linkPort), proxyPorts: addresses.proxyPorts.join(', '), reachedThroughDefault };
}

const gatewayName = z.string().min(1).max(100).regex(/^\S+$/);

/** Reads a draft by the service's own schemas: the definition, or the fields that are wrong. */
export function readDraft(draft: GatewayDraft): { readonly ok: true; readonly definition: GatewayDefinition } | { readonly ok: false; readonly wrong: ReadonlySet<GatewayDraftField> } {
  const segment = draft.segment.trim();
  const ports = draft.proxyPorts.split(/[\s,、，]+/).filter((port) => port !== '').map(Number);
  const parts = {
    name: gatewayName.safeParse(draft.name.trim()),
    segment: segmentName.nullable().safeParse(segment === '' ? null : segment),
    host: gatewayAddresses.shape.host.safeParse(draft.host.trim()),
    linkPort: gatewayAddresses.shape.linkPort.safeParse(Number(draft.linkPort)),
    proxyPorts: gatewayAddresses.shape.proxyPorts.refine((all) => new Set(all).size === all.length).safeParse(ports),
  };
  const { name, host, linkPort, proxyPorts } = parts;
  if (name.success && parts.segment.success && host.success && linkPort.success && proxyPorts.success && !proxyPorts.data.includes(linkPort.data)) {
    return { ok: true, definition: { name: name.data, segment: parts.segment.data, addresses: { host: host.data, linkPort: linkPort.data, proxyPorts: proxyPorts.data }, reachedThroughDefault: draft.reachedThroughDefault } };
  }
  const wrong = new Set((['name', 'segment', 'host', 'linkPort', 'proxyPorts'] as const).filter((field) => !parts[field].success));
  // Each field is right by itself: the link and a proxy port would want the same port.
  if (wrong.size === 0) wrong.add('proxyPorts');
  return { ok: false, wrong };
}

interface GatewayFormProps {
  readonly draft: GatewayDraft;
  readonly wrong: ReadonlySet<GatewayDraftField>;
  /** Names of the segments that there are, to choose from (S47). */
  readonly segments: readonly string[];
  readonly onChange: (draft: GatewayDraft) => void;
}

/** The fields of a gateway's definition (S35). */
export function GatewayForm({ draft, wrong, segments, onChange }: GatewayFormProps) {
  const text = useText();
  const listId = useId();
  const behindHintId = useId();
  const input = (field: GatewayDraftField, list?: string) => (ties: object) => (
    <input {...ties} className={field === 'name' ? 'input' : 'input mono'} value={draft[field]} maxLength={253} autoCapitalize="off" autoComplete="off" spellCheck={false} list={list} onChange={(event) => onChange({ ...draft, [field]: event.target.value })} />
  );
  const problem = (field: GatewayDraftField, words: string): string | null => (wrong.has(field) ? words : null);
  return (
    <div className="gateway-form">
      <Field label={text('gateway-form.name')} hint={text('gateway-form.name-hint')} problem={problem('name', text('gateway-form.name-invalid'))}>
        {input('name')}
      </Field>
      <Field label={text('gateway-form.segment')} hint={text('gateway-form.segment-hint')} problem={problem('segment', text('gateway-form.segment-invalid'))}>
        {input('segment', listId)}
      </Field>
      <datalist id={listId}>
        {segments.map((segment) => (
          <option key={segment} value={segment} />
        ))}
      </datalist>
      <Field label={text('gateway-form.host')} hint={text('gateway-form.host-hint')} problem={problem('host', text('gateway-form.host-invalid'))}>
        {input('host')}
      </Field>
      <div className="gateway-form-ports">
        <Field label={text('gateway-form.link-port')} problem={problem('linkPort', text('gateway-form.port-invalid'))}>
          {input('linkPort')}
        </Field>
        <Field label={text('gateway-form.proxy-ports')} hint={text('gateway-form.ports-hint')} problem={problem('proxyPorts', text('gateway-form.ports-invalid'))}>
          {input('proxyPorts')}
        </Field>
      </div>
      <div className="field">
        <label className="check">
          <input type="checkbox" checked={draft.reachedThroughDefault} aria-describedby={behindHintId} onChange={(event) => onChange({ ...draft, reachedThroughDefault: event.target.checked })} />
          <span>{text('gateway-form.behind')}</span>
        </label>
        <span id={behindHintId} className="field-hint">
          {text('gateway-form.behind-hint')}
        </span>
      </div>
    </div>
  );
}
