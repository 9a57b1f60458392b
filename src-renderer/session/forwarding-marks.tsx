import { useState } from 'react';
import type { ForwardingState, Session } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Dialog } from '../controls/dialog.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText, useTranslator } from '../language/use-text.ts';

type What = keyof Session['forwarding'];

/** Marks of what the target may reach of the user's own machine; each opens what it means. */
export function ForwardingMarks({ forwarding }: { readonly forwarding: Session['forwarding'] }) {
  const [open, setOpen] = useState<What | null>(null);
  return (
    <>
      {(['agent', 'x11'] as const).map((what) => (
        <Mark key={what} what={what} state={forwarding[what]} onOpen={() => setOpen(what)} />
      ))}
      {open !== null && forwarding[open].status !== 'off' && <Details what={open} state={forwarding[open]} onClose={() => setOpen(null)} />}
    </>
  );
}

function Mark({ what, state, onOpen }: { readonly what: What; readonly state: ForwardingState; readonly onOpen: () => void }) {
  const text = useText();
  if (state.status === 'off') return null;
  const failed = state.status === 'failed' || state.code !== null;
  const title = text(state.status === 'failed' ? `forwarding.${what}-failed` : `forwarding.${what}`);
  return (
    <>
      {/* Beside the button, not in it: what is told as a status would be no part of the button's name. */}
      <span role="status" className="visually-hidden">
        {title}
      </span>
      <button type="button" className={failed ? 'badge badge-warn forwarding-mark' : 'badge forwarding-mark'} title={text('forwarding.details')} onClick={onOpen}>
        <Icon name={failed ? 'warning' : what === 'agent' ? 'key' : 'windows'} />
        <span>{title}</span>
        {state.status === 'on' && <span className="tabular">{what === 'agent' ? text('forwarding.agent-counts', { signatures: state.signatures }) : text('forwarding.x11-counts', { openings: state.openings })}</span>}
      </button>
    </>
  );
}

function Details({ what, state, onClose }: { readonly what: What; readonly state: Exclude<ForwardingState, { status: 'off' }>; readonly onClose: () => void }) {
  const text = useText();
  const translator = useTranslator();
  const error = state.code === null ? undefined : errorText(translator, state.code, {});
  return (
    <Dialog
      title={text(state.status === 'failed' ? `forwarding.${what}-failed` : `forwarding.${what}`)}
      onClose={onClose}
      actions={
        <button type="button" className="button" onClick={onClose}>
          {text('common.close')}
        </button>
      }
    >
      {state.status === 'on' && <p>{what === 'agent' ? text('forwarding.agent-detail', { openings: state.openings, signatures: state.signatures }) : text('forwarding.x11-detail', { openings: state.openings })}</p>}
      {state.status === 'on' && what === 'agent' && <p>{text('forwarding.agent-advice')}</p>}
      {error && <p role="alert">{error.message}</p>}
      {error && <p>{error.remedy}</p>}
      {state.status === 'on' && <p className="field-hint">{text('forwarding.not-recorded')}</p>}
    </Dialog>
  );
}
