import { useEffect, useState } from 'react';
import type { SettingName } from '../../shared/ipc/settings.ts';
import type { LockableFeature } from '../../shared/lockable-feature.ts';
import { ask } from '../mavis/ask.ts';
import { useParts } from '../stores/parts.tsx';

/** What the organisation has set and switched off. */
export interface Managed {
  readonly names: readonly SettingName[];
  readonly features: readonly LockableFeature[];
}

/**
 * What is managed; null until it is known. Read once, as it holds from the app's start on. Where it cannot be read nothing is shown as
 * locked, and main refuses a change of what is.
 */
export function useManaged(): Managed | null {
  const { mavis } = useParts();
  const [managed, setManaged] = useState<Managed | null>(null);
  useEffect(() => {
    let current = true;
    const read = async () => {
      const answer = await ask(mavis.settings.managed({}));
      if (current && answer.ok) setManaged(answer.value);
    };
    void read();
    return () => {
      current = false;
    };
  }, [mavis]);
  return managed;
}
