import { asMavisError } from '../../shared/errors/mavis-error.ts';
import { proxyName } from '../network/way-out.ts';
import { readServiceCertificate } from './certificate-trust.ts';
import type { ServiceNetwork } from './service-client.ts';

type Place = Omit<Parameters<typeof readServiceCertificate>[0], 'waysOut'>;

/** What a service's certificate says, over whichever way leads there; where the network's proxy wants to know who the user is, he is asked. */
export async function readCertificateThroughProxies(place: Place, network: ServiceNetwork): ReturnType<typeof readServiceCertificate> {
  for (;;) {
    const waysOut = await network.waysOut(place);
    try {
      return await readServiceCertificate({ ...place, waysOut });
    } catch (thrown) {
      const { code, args } = asMavisError(thrown);
      if (code !== 'proxy.authentication-required' && code !== 'proxy.authentication-failed') throw thrown;
      const used = waysOut.find((way) => way.kind === 'http-proxy' && proxyName(way) === args['proxy']);
      if (!(await network.renewSignOn(String(args['proxy']), used?.kind === 'http-proxy' ? used.credentials : null))) throw thrown;
    }
  }
}
