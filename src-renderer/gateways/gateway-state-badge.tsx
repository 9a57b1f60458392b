import type { Gateway, GatewayState } from '../../shared/api/gateways.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import { Icon, type IconName } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';

const looks: Readonly<Record<GatewayState, { readonly icon: IconName; readonly className: string }>> = {
  available: { icon: 'check', className: 'badge badge-good' },
  degraded: { icon: 'info', className: 'badge badge-warn' },
  unavailable: { icon: 'warning', className: 'badge badge-bad' },
  draining: { icon: 'arrowDown', className: 'badge badge-accent' },
  pending: { icon: 'clock', className: 'badge badge-warn' },
  disabled: { icon: 'pause', className: 'badge' },
};

/** A gateway's state, by icon and word. */
export function GatewayStateBadge({ state }: { readonly state: GatewayState }) {
  const text = useText();
  const { icon, className } = looks[state];
  return (
    <span className={className}>
      <Icon name={icon} />
      {text(`gateway-state.${state}`)}
    </span>
  );
}

/** Why a gateway is in its state, in words; `remedy` and `actorName` where the error catalogue has them. */
export interface StateReason {
  readonly message: string;
  readonly remedy: string | null;
  readonly actorName: string | null;
}

/** Words the reason of a state: by the catalogue where there is a code, else by what the state itself means. */
export function stateReason(gateway: Gateway, translator: Translator): StateReason {
  const { state, code, detail, ejected } = gateway.status;
  const own = (message: string): StateReason => ({ message, remedy: null, actorName: null });
  if (code !== null) {
    const { message, remedy, actorName, actor } = errorText(translator, code, { gateway: gateway.name, ports: detail, through: detail, seconds: Math.abs(Number(detail)) || 0 });
    return { message, remedy, actorName: actor === 'nobody' ? null : actorName };
  }
  if (ejected && state !== 'disabled') return own(translator.text('gateways.reason-ejected'));
  if (state === 'pending') return own(translator.text('gateways.reason-not-heard'));
  if (state === 'disabled') return own(translator.text('gateways.reason-disabled'));
  return own(translator.text('gateways.reason-fine'));
}
