import { type ProxySetting, proxySetting } from '../../shared/ipc/proxy-setting.ts';
import { Field } from '../controls/field.tsx';
import { Segmented } from '../controls/segmented.tsx';
import { useText } from '../language/use-text.ts';

/** What stands in the form: the kind, and the text of the manual proxy as it is typed. */
export interface ProxyDraft {
  readonly kind: ProxySetting['kind'];
  readonly server: string;
}

export function draftOf(setting: ProxySetting): ProxyDraft {
  return { kind: setting.kind, server: setting.kind === 'manual' ? `${setting.host.includes(':') ? `[${setting.host}]` : setting.host}:${setting.port}` : '' };
}

/** The setting that a draft says, or undefined where the manual proxy is not of the form `host:port`. */
export function settingOf({ kind, server }: ProxyDraft): ProxySetting | undefined {
  if (kind !== 'manual') return { kind };
  const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(server.trim()) ?? [];
  return proxySetting.safeParse({ kind, host: inBrackets ?? plain, port: Number(port) }).data;
}

/** How a profile leaves this computer's network. */
export function ProxyChoice({ draft, wrong, onChange }: { readonly draft: ProxyDraft; readonly wrong: boolean; readonly onChange: (draft: ProxyDraft) => void }) {
  const text = useText();
  return (
    <>
      <div className="field">
        <span className="field-label">{text('profile.proxy')}</span>
        <Segmented
          label={text('profile.proxy')}
          value={draft.kind}
          options={[
            { value: 'system', label: text('profile.proxy-system') },
            { value: 'none', label: text('profile.proxy-none') },
            { value: 'manual', label: text('profile.proxy-manual') },
          ]}
          onChange={(kind) => onChange({ ...draft, kind })}
        />
        <span className="field-hint">{text('profile.proxy-hint')}</span>
      </div>
      {draft.kind === 'manual' && (
        <Field label={text('profile.proxy-address')} hint={text('profile.proxy-address-hint')} problem={wrong ? text('profile.proxy-invalid') : null}>
          {(ties) => <input {...ties} className="input mono" value={draft.server} maxLength={262} autoCapitalize="off" spellCheck={false} onChange={(event) => onChange({ ...draft, server: event.target.value })} />}
        </Field>
      )}
    </>
  );
}
