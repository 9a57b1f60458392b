import { useId, useState } from 'react';
import type { Protocol } from '../../shared/ids.ts';
import type { ResourceRow } from '../../shared/ipc/contract.ts';
import { type ForeignClient, type ForeignKind, foreignKind, type ShownError } from '../../shared/ipc/stores.ts';
import { CopyButton } from '../controls/copy-button.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useNow } from '../language/use-now.ts';
import { useFormats, useText } from '../language/use-text.ts';
import { ask, askShowing } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';

const looks: Readonly<Record<ForeignClient['phase']['status'], { readonly icon: IconName; readonly className: string }>> = {
  waiting: { icon: 'clock', className: 'badge badge-accent' },
  connected: { icon: 'check', className: 'badge badge-good' },
  ended: { icon: 'stop', className: 'badge' },
};
/** What a resource must speak for programs of a kind. */
const speaks: Readonly<Record<ForeignKind, readonly Protocol[]>> = { ssh: ['ssh', 'sftp'], vnc: ['vnc'], rdp: ['rdp'] };
const TELL_EVERY_MS = 15_000;

/** In a resource's details: lets programs of the user's own in, and shows those that are waited for or are in. The one-time password stays in this panel alone. */
export function ForeignClientsSection({ row }: { readonly row: ResourceRow }) {
  const { mavis } = useParts();
  const text = useText();
  const titleId = useId();
  const items = useFed('foreignClients', (state) => state.items);
  const [opening, setOpening] = useState<ForeignKind | null>(null);
  const [shown, setShown] = useState<{ readonly id: string; readonly password: string | null } | null>(null);
  const [failure, setFailure] = useState<ShownError | null>(null);
  const kinds = foreignKind.options.filter((kind) => row.allowedProtocols.some((protocol) => speaks[kind].includes(protocol)));
  if (kinds.length === 0) return null;
  const own = Object.values(items ?? {}).filter(({ resourceId }) => resourceId === row.id);
  const open = async (kind: ForeignKind) => {
    if (opening !== null) return;
    setOpening(kind);
    setFailure(null);
    const answer = await ask(mavis.foreignClients.open({ resourceId: row.id, kind }));
    setOpening(null);
    if (answer.ok) setShown({ id: answer.value.foreignClientId, password: answer.value.password });
    else setFailure(answer.error);
  };
  const end = async ({ id }: ForeignClient) => {
    await askShowing(setFailure, mavis.foreignClients.end({ foreignClientId: id }));
  };
  return (
    <section className="foreign" aria-labelledby={titleId}>
      <h3 id={titleId} className="foreign-title">
        {text('foreign.title')}
      </h3>
      <p className="foreign-lead">{text('foreign.lead')}</p>
      {kinds.map((kind) => (
        <button key={kind} type="button" className="button button-small" aria-disabled={opening !== null} onClick={() => void open(kind)}>
          {opening === kind ? <span className="spinner" /> : <Icon name="terminal" />}
          {text(opening === kind ? 'foreign.opening' : `foreign.open-${kind}`)}
        </button>
      ))}
      {failure && <ErrorNotice error={failure} />}
      {own.length > 0 && (
        <ul className="foreign-list">
          {own.map((client) => (
            <ForeignClientItem key={client.id} client={client} password={shown?.id === client.id ? shown.password : null} onEnd={() => void end(client)} />
          ))}
        </ul>
      )}
    </section>
  );
}

function ForeignClientItem({ client, password, onEnd }: { readonly client: ForeignClient; readonly password: string | null; readonly onEnd: () => void }) {
  const text = useText();
  const formats = useFormats();
  const now = useNow(TELL_EVERY_MS);
  const { phase } = client;
  const look = looks[phase.status];
  return (
    <li className="foreign-item">
      <span className="foreign-head">
        <span className={look.className} role="status">
          <Icon name={look.icon} />
          {text(`foreign.${phase.status}`)}
        </span>
        <span className="tag">{text(`foreign.by-${client.by}`)}</span>
      </span>
      {phase.status === 'waiting' && (
        <>
          <p className="foreign-hint">{text('foreign.waiting-until', { when: formats.relative(phase.until, now) })}</p>
          {client.protocols.includes('rdp') ? <p className="foreign-hint">{text('foreign.password-in-file')}</p> : <Password password={password} />}
          <ul className="foreign-commands" aria-label={text('foreign.commands')}>
            {client.commands.map(({ program, text: command }) => (
              <li key={program} className="foreign-command">
                <code className="foreign-text">{command}</code>
                <CopyButton label={text('foreign.copy-command', { program })} value={command} />
              </li>
            ))}
          </ul>
        </>
      )}
      {phase.status === 'connected' && <p className="foreign-hint">{text('foreign.connected-since', { when: formats.relative(phase.since, now) })}</p>}
      {phase.status === 'ended' && phase.error && <ErrorNotice error={phase.error} />}
      <button type="button" className="button button-small" onClick={onEnd}>
        <Icon name={phase.status === 'ended' ? 'trash' : 'stop'} />
        {text(phase.status === 'waiting' ? 'foreign.close' : phase.status === 'connected' ? 'foreign.end' : 'foreign.dismiss')}
      </button>
    </li>
  );
}

function Password({ password }: { readonly password: string | null }) {
  const text = useText();
  if (password === null) return <p className="foreign-hint">{text('foreign.password-gone')}</p>;
  return (
    <div className="foreign-password">
      <span className="field-label">{text('foreign.password')}</span>
      <span className="foreign-command">
        <code className="foreign-text foreign-secret">{password}</code>
        <CopyButton label={text('foreign.copy-password')} value={password} />
      </span>
      <span className="foreign-hint">{text('foreign.password-hint')}</span>
    </div>
  );
}
