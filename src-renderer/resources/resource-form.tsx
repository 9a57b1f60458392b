import { useCallback, useEffect, useId, useState } from 'react';
import { operatingSystem, port, resourceFields, type Resource, type ResourceFields } from '../../shared/api/resources.ts';
import { protocol, type Protocol } from '../../shared/ids.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { changedFields } from '../controls/changed-fields.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { CredentialForm } from '../credentials/credential-form.tsx';
import { useCredentials } from '../credentials/use-credentials.ts';
import { useText } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';
import { SegmentTagWarning, TagInput, useTagSuggestions } from './tag-input.tsx';

/** A target's own ports where nobody says otherwise. */
const usualPorts: Readonly<Record<Protocol, string>> = { ssh: '22', sftp: '22', rdp: '3389', vnc: '5900' };

/** What is typed of a resource; a protocol without an entry is not spoken. */
export interface ResourceDraft {
  readonly name: string;
  readonly address: string;
  readonly operatingSystem: ResourceFields['operatingSystem'];
  readonly ports: Readonly<Partial<Record<Protocol, string>>>;
  readonly description: string;
  readonly credentialId: ResourceFields['credentialId'];
  readonly tags: readonly string[];
  readonly allowUnencryptedTunnel: boolean;
}

const emptyDraft: ResourceDraft = { name: '', address: '', operatingSystem: 'linux', ports: { ssh: '22' }, description: '', credentialId: null, tags: [], allowUnencryptedTunnel: false };

function draftOf(resource: Resource): ResourceDraft {
  const { name, address, description, credentialId, tags, allowUnencryptedTunnel } = resource;
  return { name, address, operatingSystem: resource.operatingSystem, ports: Object.fromEntries(resource.protocols.map((one) => [one.protocol, String(one.port)])), description, credentialId, tags, allowUnencryptedTunnel };
}

type DraftField = 'name' | 'address' | 'protocols';

/** Reads a draft by the service's own schema: the fields, or which are wrong. */
export function readResourceDraft(draft: ResourceDraft): { readonly ok: true; readonly fields: Omit<ResourceFields, 'identities' | 'allowSpecialAddress'> } | { readonly ok: false; readonly wrong: ReadonlySet<DraftField> } {
  const protocols = protocol.options.flatMap((name) => (draft.ports[name] === undefined ? [] : [{ protocol: name, port: Number(draft.ports[name]) }]));
  const { shape } = resourceFields;
  const name = shape.name.safeParse(draft.name.trim());
  const address = shape.address.safeParse(draft.address.trim());
  const read = shape.protocols.safeParse(protocols);
  if (name.success && address.success && read.success) return { ok: true, fields: { name: name.data, address: address.data, protocols: read.data, operatingSystem: draft.operatingSystem, description: draft.description, credentialId: draft.credentialId, tags: [...draft.tags], allowUnencryptedTunnel: draft.allowUnencryptedTunnel } };
  const parts = [['name', name.success], ['address', address.success], ['protocols', protocols.length > 0 && protocols.every((one) => port.safeParse(one.port).success)]] as const;
  return { ok: false, wrong: new Set(parts.flatMap(([field, right]) => (right ? [] : [field]))) };
}

/** `opened` is what stood there when the form was opened, from which it tells what its user changed. */
type Loaded = { readonly status: 'loading' } | { readonly status: 'ready'; readonly opened: ResourceDraft; readonly draft: ResourceDraft } | { readonly status: 'failed'; readonly error: ShownError };

/** Adds a resource, or changes one: all that an administrator sets of it, its tags included (S37). */
export function ResourceForm({ row, onClose }: { readonly row: Pick<ResourceRow, 'id' | 'name'> | null; readonly onClose: () => void }) {
  const { mavis } = useParts();
  const text = useText();
  const formId = useId();
  const [loaded, setLoaded] = useState<Loaded>(row === null ? { status: 'ready', opened: emptyDraft, draft: emptyDraft } : { status: 'loading' });
  const [wrong, setWrong] = useState<ReadonlySet<DraftField>>(new Set());
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [saved, setSaved] = useState(false);
  const [addingCredential, setAddingCredential] = useState(false);
  const credentials = useCredentials();
  const id = row?.id;
  const read = useCallback(async (): Promise<Loaded | undefined> => {
    if (id === undefined) return undefined;
    const answer = await ask(mavis.service.resourceRead({ params: { resourceId: id }, query: {}, body: {} }));
    if (!answer.ok) return { status: 'failed', error: answer.error };
    const draft = draftOf(answer.value);
    return { status: 'ready', opened: draft, draft };
  }, [mavis, id]);
  useEffect(() => {
    let current = true;
    const load = async () => {
      const result = await read();
      if (current && result) setLoaded(result);
    };
    void load();
    return () => {
      current = false;
    };
  }, [read]);
  const save = async (opened: ResourceDraft, draft: ResourceDraft) => {
    const result = readResourceDraft(draft);
    setWrong(result.ok ? new Set() : result.wrong);
    if (!result.ok) return undefined;
    const before = readResourceDraft(opened);
    const body = before.ok ? changedFields(before.fields, result.fields) : result.fields;
    if (id !== undefined && Object.keys(body).length === 0) return onClose();
    const answer = await ask(id === undefined ? mavis.service.resourceCreate({ params: {}, query: {}, body: result.fields }) : mavis.service.resourceUpdate({ params: { resourceId: id }, query: {}, body }));
    setFailure(answer.ok ? null : answer.error);
    if (answer.ok && id === undefined) return setSaved(true);
    return answer.ok ? onClose() : undefined;
  };
  return (
    <>
      <Dialog
        title={row === null ? text('resource-form.new') : text('resource-form.edit-title', { name: row.name })}
        onClose={onClose}
        actions={
          <>
            <button type="button" className="button" onClick={onClose}>
              {saved ? text('common.close') : text('common.cancel')}
            </button>
            {loaded.status === 'ready' && !saved && (
              <button type="submit" form={formId} className="button button-primary">
                {text('common.save')}
              </button>
            )}
          </>
        }
      >
        {loaded.status === 'loading' && (
          <p className="badge" role="status">
            <span className="spinner" />
            {text('common.loading')}
          </p>
        )}
        {loaded.status === 'failed' && (
          <ErrorNotice error={loaded.error}>
            <button type="button" className="button button-small" onClick={() => void read().then((result) => result && setLoaded(result))}>
              {text('common.retry')}
            </button>
          </ErrorNotice>
        )}
        {saved && <p role="status">{text('resource-form.saved')}</p>}
        {loaded.status === 'ready' && !saved && (
          <DialogForm id={formId} onSubmit={() => save(loaded.opened, loaded.draft)}>
            <ResourceFieldsInput draft={loaded.draft} wrong={wrong} credentials={credentials} onAddCredential={() => setAddingCredential(true)} onChange={(draft) => setLoaded({ ...loaded, draft })} />
            {failure && <ErrorNotice error={failure} />}
          </DialogForm>
        )}
      </Dialog>
      {addingCredential && (
        <CredentialForm
          replaced={null}
          onClose={() => setAddingCredential(false)}
          onSaved={(added) => {
            setAddingCredential(false);
            setLoaded((before) => (before.status === 'ready' ? { ...before, draft: { ...before.draft, credentialId: added.id } } : before));
            credentials.reload();
          }}
        />
      )}
    </>
  );
}

interface ResourceFieldsInputProps {
  readonly draft: ResourceDraft;
  readonly wrong: ReadonlySet<DraftField>;
  readonly credentials: ReturnType<typeof useCredentials>;
  readonly onAddCredential: () => void;
  readonly onChange: (draft: ResourceDraft) => void;
}

function ResourceFieldsInput({ draft, wrong, credentials, onAddCredential, onChange }: ResourceFieldsInputProps) {
  const text = useText();
  const suggestions = useTagSuggestions();
  const known = credentials.value?.items ?? [];
  const tunnelHint = useId();
  return (
    <>
      <Field label={text('resource-form.name')} problem={wrong.has('name') ? text('resource-form.name-invalid') : null}>
        {(ties) => <input {...ties} className="input" value={draft.name} maxLength={200} onChange={(event) => onChange({ ...draft, name: event.target.value })} />}
      </Field>
      <Field label={text('resource-form.address')} problem={wrong.has('address') ? text('resource-form.address-invalid') : null}>
        {(ties) => <input {...ties} className="input mono" value={draft.address} maxLength={253} spellCheck={false} autoCapitalize="off" onChange={(event) => onChange({ ...draft, address: event.target.value })} />}
      </Field>
      <TagInput label={text('tags.field')} tags={draft.tags} suggestions={suggestions} hint={text('tags.hint')} onChange={(tags) => onChange({ ...draft, tags })} />
      <SegmentTagWarning tags={draft.tags} />
      <fieldset className="resource-protocols">
        <legend className="field-label">{text('resource-form.protocols')}</legend>
        {protocol.options.map((name) => (
          <ProtocolPort key={name} name={name} value={draft.ports[name]} onChange={(value) => onChange({ ...draft, ports: withPort(draft.ports, name, value) })} />
        ))}
        {wrong.has('protocols') && (
          <span className="field-problem" role="alert">
            <Icon name="warning" />
            {text('resource-form.protocols-invalid')}
          </span>
        )}
      </fieldset>
      <Field label={text('resource-form.os')}>
        {(ties) => (
          <select {...ties} className="input" value={draft.operatingSystem} onChange={(event) => onChange({ ...draft, operatingSystem: operatingSystem.catch(draft.operatingSystem).parse(event.target.value) })}>
            {operatingSystem.options.map((name) => (
              <option key={name} value={name}>
                {text(`operating-system.${name}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={text('resource-form.credential')}>
        {(ties) => (
          <div className="with-button">
            <select {...ties} className="input" value={draft.credentialId ?? ''} onChange={(event) => onChange({ ...draft, credentialId: known.find(({ id }) => id === event.target.value)?.id ?? null })}>
              <option value="">{text('resource-form.credential-none')}</option>
              {known.map(({ id, name, userName }) => (
                <option key={id} value={id}>
                  {name} ({userName})
                </option>
              ))}
            </select>
            <button type="button" className="button" onClick={onAddCredential}>
              <Icon name="plus" />
              {text('credentials.add-new')}
            </button>
          </div>
        )}
      </Field>
      {credentials.error && <ErrorNotice error={credentials.error} />}
      <label className="check">
        <input type="checkbox" checked={draft.allowUnencryptedTunnel} aria-describedby={tunnelHint} onChange={(event) => onChange({ ...draft, allowUnencryptedTunnel: event.target.checked })} />
        {text('resource-form.unencrypted-tunnel')}
      </label>
      <span id={tunnelHint} className="field-hint">
        {text('resource-form.unencrypted-tunnel-hint')}
      </span>
      <Field label={text('resource-form.description')}>{(ties) => <textarea {...ties} className="input" rows={2} value={draft.description} maxLength={2000} onChange={(event) => onChange({ ...draft, description: event.target.value })} />}</Field>
    </>
  );
}

function withPort(ports: ResourceDraft['ports'], name: Protocol, value: string | undefined): ResourceDraft['ports'] {
  const entries = Object.entries(ports).filter(([other]) => other !== name);
  return Object.fromEntries(value === undefined ? entries : [...entries, [name, value]]);
}

function ProtocolPort({ name, value, onChange }: { readonly name: Protocol; readonly value: string | undefined; readonly onChange: (value: string | undefined) => void }) {
  const text = useText();
  const words = text(`protocol.${name}`);
  return (
    <div className="resource-protocol">
      <label className="check">
        <input type="checkbox" checked={value !== undefined} onChange={(event) => onChange(event.target.checked ? usualPorts[name] : undefined)} />
        {words}
      </label>
      {value !== undefined && <input className="input mono" aria-label={text('resource-form.port', { protocol: words })} inputMode="numeric" value={value} maxLength={5} onChange={(event) => onChange(event.target.value)} />}
    </div>
  );
}
