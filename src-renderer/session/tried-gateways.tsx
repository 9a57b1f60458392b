import type { TriedGateway } from '../../shared/api/connections.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import { Icon } from '../controls/icon.tsx';
import { useFormats, useText, useTranslator } from '../language/use-text.ts';

/** Gateways that were tried and could not be used, with why and how long it took. */
export function TriedGateways({ tried }: { readonly tried: readonly TriedGateway[] }) {
  const text = useText();
  const translator = useTranslator();
  const formats = useFormats();
  if (tried.length === 0) return null;
  return (
    <section className="tried">
      <h3>{text('session.tried')}</h3>
      <ul>
        {tried.map((attempt, index) => (
          <li key={`${index} ${attempt.gatewayId}`} className="tried-line">
            <Icon name="close" />
            <span>
              {text('session.tried-line', {
                gateway: attempt.gatewayName,
                message: errorText(translator, attempt.code, { gateway: attempt.gatewayName }).message,
                duration: formats.milliseconds(attempt.milliseconds),
              })}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
