import { useCallback } from 'react';
import { Icon } from '../controls/icon.tsx';
import { useText } from '../language/use-text.ts';
import { useFresh } from '../mavis/use-fresh.ts';
import { useFed, useParts } from '../stores/parts.tsx';

/** Says, before anybody connects, that all connections of who is signed in go through the default Gateway (S22, S33); nothing where they do not, or where that is not known. */
export function TunnelMark() {
  const { mavis } = useParts();
  const text = useText();
  const load = useCallback(() => mavis.service.tunnelApplies({ params: {}, query: {}, body: {} }), [mavis]);
  const { value } = useFresh(load, useFed('changes', ({ tunnel }) => tunnel) ?? 0);
  return (
    <span role="status">
      {value?.applies === true && (
        <span className="badge tunnel-mark">
          <Icon name="shieldCheck" />
          {text('tunnel.applies')}
        </span>
      )}
    </span>
  );
}
