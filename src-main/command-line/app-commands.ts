import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type ResourceId, resourceId } from '../../shared/ids.ts';
import type { SignedIn } from '../account/account.ts';
import type { ForeignClients } from '../foreign-clients/foreign-clients.ts';
import type { HostKeys } from '../foreign-clients/host-keys.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Answered } from './command-server.ts';
import type { CommandAnswer, CommandRequest } from './messages.ts';
import { sshConfiguration } from './ssh-configuration.ts';

/** More lines than anybody reads; a filter makes them fewer. */
const MOST_LISTED = 20_000;
const PAGE = 500;

type Rows = Awaited<ReturnType<Inventory['query']>>['rows'];

export interface AppCommandsParts {
  /** Throws `sign-in.required`. */
  readonly signedIn: () => SignedIn;
  readonly inventory: Pick<Inventory, 'query' | 'find'>;
  readonly foreignClients: Pick<ForeignClients, 'letCommandIn'>;
  readonly hostKeys: Pick<HostKeys, 'of'>;
  readonly writeKnownHosts: () => Promise<string>;
  readonly writeConfiguration: (text: string) => Promise<string>;
}

/** What the app answers to our own command line, in the name of the user who is signed in to it. Throws codes of the catalogue. */
export class AppCommands {
  readonly #parts: AppCommandsParts;

  constructor(parts: AppCommandsParts) {
    this.#parts = parts;
  }

  async answer(request: CommandRequest): Promise<Answered> {
    this.#parts.signedIn();
    switch (request.kind) {
      case 'ls':
        return { value: await this.#list(request.filter) };
      case 'find':
        return { value: await this.#find(request.resource) };
      case 'proxy':
        return { value: {}, serve: await this.#parts.foreignClients.letCommandIn((await this.#named(request.resource)).id) };
      case 'ssh-config':
        return { value: await this.#configure(request.command) };
      default:
        return request satisfies never;
    }
  }

  async #list(filter: string): Promise<CommandAnswer<'ls'>> {
    const { rows, total } = await this.#rows(filter);
    return { resources: rows.map(({ name, address, protocols }) => ({ name, address, protocols })), total };
  }

  async #find(name: string): Promise<CommandAnswer<'find'>> {
    const resource = await this.#named(name);
    const { alias } = await this.#parts.hostKeys.of(this.#parts.signedIn().profile.id);
    return { resourceId: resource.id, name: resource.name, hostKeyAlias: alias, knownHostsFile: await this.#parts.writeKnownHosts() };
  }

  async #configure(command: string): Promise<CommandAnswer<'ssh-config'>> {
    const { rows } = await this.#rows('protocol:ssh OR protocol:sftp');
    const { alias } = await this.#parts.hostKeys.of(this.#parts.signedIn().profile.id);
    const knownHostsFile = await this.#parts.writeKnownHosts();
    const { text, hosts, leftOut } = sshConfiguration({ names: rows.map(({ name }) => name), alias, knownHostsFile, command });
    return { configFile: await this.#parts.writeConfiguration(text), knownHostsFile, hosts, leftOut };
  }

  /** A resource by its id or its whole name; names that `ssh` has made small are found where only one is meant. Throws `resource.unknown`, `client.resource-ambiguous`. */
  async #named(name: string): Promise<{ readonly id: ResourceId; readonly name: string }> {
    const id = resourceId.safeParse(name);
    if (id.success) return this.#parts.inventory.find(id.data);
    const wanted = name.toLowerCase();
    const { rows } = await this.#rows(name.includes('"') ? '' : `name:"${name}"`);
    const exact = rows.filter((row) => row.name === name);
    const found = exact.length > 0 ? exact : rows.filter((row) => row.name.toLowerCase() === wanted);
    const [one, other] = found;
    if (one === undefined) throw new MavisError('resource.unknown');
    if (other !== undefined) throw new MavisError('client.resource-ambiguous', { name, count: found.length });
    return { id: resourceId.parse(one.id), name: one.name };
  }

  async #rows(filter: string): Promise<{ rows: Rows; total: number }> {
    const rows: Rows = [];
    for (;;) {
      const page = await this.#parts.inventory.query({ filter, sort: 'name', offset: rows.length, limit: PAGE, only: 'all' });
      if (page.filterProblem !== null) throw new MavisError('request.invalid', { field: 'filter' });
      rows.push(...page.rows);
      if (page.rows.length === 0 || rows.length >= Math.min(page.total, MOST_LISTED)) return { rows, total: page.total };
    }
  }
}
