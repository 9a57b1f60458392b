import type { Profile } from '../../shared/ipc/stores.ts';
import { managedProxy, type Policy } from '../policy/policy.ts';
import { pinOf } from '../service-client/certificate-trust.ts';
import type { ServiceNetwork } from '../service-client/service-client.ts';
import { feedOfAddress, feedOfService, UpdateFeed } from './update-feed.ts';
import type { UpdateSource } from './updates.ts';

interface SourceParts {
  readonly managed: Pick<Policy, 'settings'>;
  /** The service that the user has chosen. */
  readonly selected: () => Profile | undefined;
  readonly networkOf: (profile: Pick<Profile, 'proxy'>) => ServiceNetwork;
  readonly authorities: () => readonly string[];
}

/** Where updates come from now: the address that the organisation has set, else the service that the user has chosen; undefined where there is neither. */
export function updateSource({ managed, selected, networkOf, authorities }: SourceParts): UpdateSource | undefined {
  const { updateUrl, proxy } = managed.settings;
  if (updateUrl !== undefined) {
    const { waysOut } = networkOf({ proxy: managedProxy(proxy) ?? { kind: 'system' } });
    return { kind: 'address', open: () => new UpdateFeed({ address: feedOfAddress(updateUrl), pin: null, authorities: authorities(), waysOut }) };
  }
  const profile = selected();
  return profile && { kind: 'service', open: () => new UpdateFeed({ address: feedOfService(profile.serviceUrl), pin: pinOf(profile), authorities: authorities(), waysOut: networkOf(profile).waysOut }) };
}
