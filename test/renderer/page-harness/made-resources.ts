import { resourceId } from '../../../shared/ids.ts';
import type { ListedResource } from '../../../shared/api/resources.ts';

const sites = ['tokyo', 'osaka', 'taipei', 'kaohsiung', 'office1', 'aws', 'gcp', 'lab'] as const;
const works = ['web', 'db', 'build', 'git', 'mail', 'files', 'cache', 'queue', 'proxy', 'desktop', 'switch', 'backup'] as const;
const stages = ['prod', 'staging', 'test'] as const;
const descriptions = ['Orders and invoices', '社内ポータル', '第三機房的檔案伺服器', 'Build runner, second floor', 'Main database, replicated', ''] as const;
const segmentOf: Readonly<Record<(typeof sites)[number], string | null>> = { tokyo: 'gateway-tokyo', osaka: 'gateway-tokyo', taipei: 'gateway-taipei', kaohsiung: 'gateway-taipei', office1: 'gateway-office1', aws: 'gateway-aws', gcp: 'gateway-gcp', lab: null };

/** So many resources, always the same: what a large organisation has. */
export function madeResources(count: number): ListedResource[] {
  return Array.from({ length: count }, (_, number) => {
    const site = at(sites, number);
    const work = at(works, Math.floor(number / sites.length));
    const stage = at(stages, Math.floor(number / 7));
    const windows = work === 'desktop' || work === 'files';
    const segment = segmentOf[site];
    return {
      id: resourceId.parse(`00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`),
      name: `${site}-${work}-${String(number).padStart(5, '0')}`,
      address: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
      protocols: windows ? ['rdp', 'sftp'] : work === 'switch' ? ['ssh'] : number % 5 === 0 ? ['ssh', 'sftp', 'vnc'] : ['ssh', 'sftp'],
      // Rules give some of it, or nothing of what it speaks.
      ...(work === 'cache' ? { allowedProtocols: ['sftp'] } : work === 'queue' ? { allowedProtocols: [] } : {}),
      operatingSystem: windows ? 'windows' : work === 'switch' ? 'network' : number % 11 === 0 ? 'macos' : 'linux',
      description: at(descriptions, number),
      tags: [`env:${stage}`, `site:${site}`, ...(segment === null ? [] : [segment]), ...(number % 3 === 0 ? [`team:${work}`] : [])],
    };
  });
}

function at<T>(list: readonly [T, ...T[]], number: number): T {
  return list[number % list.length] ?? list[0];
}
