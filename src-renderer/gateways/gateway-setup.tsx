import { useId, useState } from 'react';
import type { Gateway } from '../../shared/api/gateways.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { Dialog } from '../controls/dialog.tsx';
import { DialogForm } from '../controls/dialog-form.tsx';
import { ErrorNotice } from '../controls/error-notice.tsx';
import { Icon } from '../controls/icon.tsx';
import { useText, useTranslator } from '../language/use-text.ts';
import { ask } from '../mavis/ask.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import { ResourceTest } from './resource-test.tsx';
import { emptyDraft, GatewayForm, readDraft, type GatewayDraftField } from './gateway-form.tsx';
import { segmentNames } from './gateway-groups.ts';
import { GatewayStateBadge, stateReason } from './gateway-state-badge.tsx';
import { SyncAge } from './gateway-table.tsx';
import { InstallStep } from './install-step.tsx';
import { KeyStep } from './key-step.tsx';
import { SegmentHelp } from './segment-help.tsx';

const setupSteps = ['define', 'install', 'key', 'sync', 'test'] as const;
export type SetupStep = (typeof setupSteps)[number];

/** Where the setup of a gateway goes on: it can be left at any step and taken up again. */
export function nextSetupStep({ keyFingerprint, status }: Gateway): SetupStep {
  if (keyFingerprint === null) return 'install';
  return status.confirmedAt === null ? 'sync' : 'test';
}

interface GatewaySetupProps {
  /** The gateway to go on with; null for a new one. */
  readonly gatewayId: Gateway['id'] | null;
  readonly begin: SetupStep;
  readonly onClose: (gatewayId: Gateway['id'] | null) => void;
  readonly onToResources: () => void;
}

/** The guided flow from a name to a tested connection (S34-S40), in one dialog. */
export function GatewaySetup({ gatewayId, begin, onClose, onToResources }: GatewaySetupProps) {
  const text = useText();
  const [step, setStep] = useState<SetupStep>(begin);
  const [ownId, setOwnId] = useState(gatewayId);
  const gateway = useFed('gateways', ({ items }) => (ownId === null ? undefined : items[ownId]));
  const formId = useId();
  const close = () => onClose(ownId);
  const entered = () => setStep('sync');
  const registered = (id: Gateway['id']) => {
    setOwnId(id);
    setStep('install');
  };
  return (
    <Dialog
      title={gateway === undefined ? text('setup.title-new') : text('setup.title', { name: gateway.name })}
      onClose={close}
      actions={<SetupActions step={step} gateway={gateway} formId={formId} onStep={setStep} onClose={close} />}
    >
      <div className="gateway-setup">
        <SetupSteps step={step} />
        {step === 'define' && <DefineStep formId={formId} onRegistered={registered} />}
        {gateway && step === 'install' && <InstallStep gateway={gateway} />}
        {gateway && step === 'key' && <KeyStep gateway={gateway} formId={formId} onEntered={entered} />}
        {gateway && step === 'sync' && <SyncStep gateway={gateway} />}
        {gateway && step === 'test' && <TestStep gateway={gateway} onToResources={onToResources} />}
      </div>
    </Dialog>
  );
}

function SetupSteps({ step }: { readonly step: SetupStep }) {
  const text = useText();
  const at = setupSteps.indexOf(step);
  return (
    <ol className="setup-steps" aria-label={text('setup.steps')}>
      {setupSteps.map((name, index) => (
        <li key={name} className="setup-step" aria-current={name === step ? 'step' : undefined} data-done={index < at}>
          <span className="setup-number">{index < at ? <Icon name="check" /> : index + 1}</span>
          {text(`setup.step-${name}`)}
        </li>
      ))}
    </ol>
  );
}

interface SetupActionsProps {
  readonly step: SetupStep;
  readonly gateway: Gateway | undefined;
  readonly formId: string;
  readonly onStep: (step: SetupStep) => void;
  readonly onClose: () => void;
}

function SetupActions({ step, gateway, formId, onStep, onClose }: SetupActionsProps) {
  const text = useText();
  const back: Readonly<Partial<Record<SetupStep, SetupStep>>> = { key: 'install', sync: 'key', test: 'sync' };
  const before = back[step];
  return (
    <>
      <button type="button" className="button button-quiet setup-later" onClick={onClose}>
        {gateway === undefined ? text('common.cancel') : text('setup.later')}
      </button>
      {before !== undefined && (
        <button type="button" className="button" onClick={() => onStep(before)}>
          {text('common.back')}
        </button>
      )}
      {step === 'define' && (
        <button type="submit" form={formId} className="button button-primary">
          {text('setup.register')}
        </button>
      )}
      {step === 'install' && (
        <button type="button" className="button button-primary" onClick={() => onStep('key')}>
          {text('setup.next')}
        </button>
      )}
      {step === 'key' && (
        <button type="submit" form={formId} className="button button-primary">
          {text('setup.enter-key')}
        </button>
      )}
      {step === 'sync' && (
        <button type="button" className="button button-primary" aria-disabled={!isSynchronised(gateway)} onClick={() => isSynchronised(gateway) && onStep('test')}>
          {text('setup.next')}
        </button>
      )}
      {step === 'test' && (
        <button type="button" className="button button-primary" onClick={onClose}>
          {text('setup.finish')}
        </button>
      )}
    </>
  );
}

/** Name, segment, addresses: the gateway is registered (S35). */
function DefineStep({ formId, onRegistered }: { readonly formId: string; readonly onRegistered: (id: Gateway['id']) => void }) {
  const { mavis } = useParts();
  const items = useFed('gateways', (state) => state.items);
  const [draft, setDraft] = useState(emptyDraft);
  const [wrong, setWrong] = useState<ReadonlySet<GatewayDraftField>>(new Set());
  const [failure, setFailure] = useState<ShownError | null>(null);
  const [busy, setBusy] = useState(false);
  const register = async () => {
    const read = readDraft(draft);
    setWrong(read.ok ? new Set() : read.wrong);
    setFailure(null);
    if (!read.ok || busy) return;
    setBusy(true);
    const answer = await ask(mavis.service.gatewayRegister({ params: {}, query: {}, body: read.definition }));
    if (answer.ok) await ask(mavis.gateways.refresh({}));
    setBusy(false);
    if (answer.ok) onRegistered(answer.value.gateway.id);
    else setFailure(answer.error);
  };
  return (
    <DialogForm id={formId} onSubmit={register}>
      <GatewayForm draft={draft} wrong={wrong} segments={segmentNames(Object.values(items ?? {}))} onChange={setDraft} />
      {failure && <ErrorNotice error={failure} />}
    </DialogForm>
  );
}

function isSynchronised(gateway: Gateway | undefined): boolean {
  return gateway !== undefined && gateway.status.confirmedAt !== null && gateway.status.state !== 'unavailable' && gateway.status.state !== 'pending';
}

/** The state as it comes, with its age (S39). */
function SyncStep({ gateway }: { readonly gateway: Gateway }) {
  const text = useText();
  const translator = useTranslator();
  const done = isSynchronised(gateway);
  const failed = gateway.status.state === 'unavailable';
  const { message, remedy } = stateReason(gateway, translator);
  return (
    <div className="setup-body">
      <p>{text('setup.sync-intro')}</p>
      <div className="setup-state" role="status">
        <GatewayStateBadge state={gateway.status.state} />
        <SyncAge confirmedAt={gateway.status.confirmedAt} />
        {done ? <strong>{text('setup.sync-done')}</strong> : failed ? <span>{message}</span> : <span className="badge"><span className="spinner" />{text('setup.sync-waiting')}</span>}
        {failed && remedy !== null && <span className="notice-remedy">{remedy}</span>}
      </div>
      {failed && <SegmentHelp segment={gateway.segment} />}
    </div>
  );
}

/** A connection is tried through this gateway (S40), and what comes next is said (S37). */
function TestStep({ gateway, onToResources }: { readonly gateway: Gateway; readonly onToResources: () => void }) {
  const text = useText();
  return (
    <div className="setup-body">
      <p>{text('setup.test-intro')}</p>
      <ResourceTest gatewayId={gateway.id} />
      {gateway.segment !== null && (
        <div className="notice notice-plain">
          <Icon name="info" />
          <div className="notice-body">
            <p>{text('setup.test-tag', { segment: gateway.segment })}</p>
            <p>
              <button type="button" className="button button-small" onClick={onToResources}>
                {text('setup.to-resources')}
              </button>
            </p>
          </div>
        </div>
      )}
    </div>
  );
}
