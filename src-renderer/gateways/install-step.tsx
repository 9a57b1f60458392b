import { useCallback, useEffect, useState } from 'react';
import type { z } from 'zod';
import type { Gateway } from '../../shared/api/gateways.ts';
import { installCommands } from '../../shared/gateway-installation.ts';
import type { IpcContract } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Field } from '../controls/field.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { ask, askShowing } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

type Installation = z.output<IpcContract['gateways']['installation']['result']>;
type Asked = { readonly status: 'loading' } | { readonly status: 'known'; readonly installation: Installation } | { readonly status: 'failed'; readonly error: ShownError };

/** The configuration file goes to the gateway: as a file, or within one line for its shell (S36). */
export function InstallStep({ gateway }: { readonly gateway: Gateway }) {
  const { mavis } = useParts();
  const text = useText();
  const [asked, setAsked] = useState<Asked>({ status: 'loading' });
  const [saved, setSaved] = useState(false);
  const [copied, setCopied] = useState(false);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const { id } = gateway;
  const read = useCallback(async (): Promise<Asked> => {
    const answer = await ask(mavis.gateways.installation({ gatewayId: id }));
    return answer.ok ? { status: 'known', installation: answer.value } : { status: 'failed', error: answer.error };
  }, [mavis, id]);
  useEffect(() => {
    let current = true;
    const update = async () => {
      const result = await read();
      if (current) setAsked(result);
    };
    void update();
    return () => {
      current = false;
    };
  }, [read]);
  const save = async () => {
    const answer = await askShowing(setFailure, mavis.gateways.saveConfiguration({ gatewayId: id }));
    if (answer.ok && answer.value.saved) setSaved(true);
  };
  const copy = async (command: string) => {
    const answer = await askShowing(setFailure, mavis.app.copyText({ text: command }));
    setCopied(answer.ok);
  };
  if (asked.status === 'failed') {
    return (
      <ErrorNotice error={asked.error}>
        <button type="button" className="button button-small" onClick={() => void read().then(setAsked)}>
          {text('common.retry')}
        </button>
      </ErrorNotice>
    );
  }
  if (asked.status === 'loading') {
    return (
      <p className="badge" role="status">
        <span className="spinner" />
        {text('common.loading')}
      </p>
    );
  }
  const { command, serviceFingerprint, fileName } = asked.installation;
  return (
    <div className="setup-body">
      <p>{text('setup.install-intro')}</p>
      <div className="setup-row">
        <button type="button" className="button button-primary" onClick={() => void save()}>
          <Icon name="download" />
          {text('setup.download')}
        </button>
      </div>
      {saved && (
        <div role="status" className="setup-saved">
          <p>{text('setup.downloaded')}</p>
          <pre className="preview setup-command" tabIndex={0}>{installCommands(fileName).join('\n')}</pre>
        </div>
      )}
      <Field label={text('setup.command')} hint={text('setup.or-command')}>
        {(ties) => <textarea {...ties} className="input mono setup-command" rows={3} readOnly value={command} />}
      </Field>
      <div className="setup-row">
        <button type="button" className="button" onClick={() => void copy(command)}>
          <Icon name={copied ? 'check' : 'copy'} />
          {text('setup.copy-command')}
        </button>
        <span role="status">{copied ? text('common.copied') : ''}</span>
      </div>
      <div className="field">
        <span>{text('setup.service-fingerprint')}</span>
        <code className="fingerprint">{serviceFingerprint}</code>
      </div>
      {failure && <ErrorNotice error={failure} />}
    </div>
  );
}
