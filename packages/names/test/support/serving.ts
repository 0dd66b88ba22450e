import { writeFileSync } from 'node:fs';
import { TemporaryFolder } from '@zocalo/test-support/journal.ts';
import { type ServeOptions, type Server, type ServerAddress, serve } from 'zocalo';

const module = new URL('../../src/names.ts', import.meta.url);

/** The service over real sockets, with a hosts file of its own. */
export class ServedNames implements AsyncDisposable {
  readonly server: Server;
  readonly hosts: string;
  readonly #folder: TemporaryFolder;

  private constructor(server: Server, hosts: string, folder: TemporaryFolder) {
    this.server = server;
    this.hosts = hosts;
    this.#folder = folder;
  }

  /** @param text of the hosts file; without an upstream it asks one that is not there */
  static async start(text: string, upstream: string, options: ServeOptions = {}): Promise<ServedNames> {
    const folder = new TemporaryFolder();
    const hosts = folder.file('hosts');
    writeFileSync(hosts, text);
    const protocolOptions = { hosts, upstream: [upstream] };
    const server = await serve(module, { endpoints: { dns: {}, line: {} }, ...options, protocolOptions });
    return new ServedNames(server, hosts, folder);
  }

  get dns(): ServerAddress {
    return this.server.addresses.dns as ServerAddress;
  }

  get line(): ServerAddress {
    return this.server.addresses.line as ServerAddress;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    this.#folder[Symbol.dispose]();
  }
}

/** An upstream that does not exist: port 9 (discard) of this machine. */
export const NO_UPSTREAM = '127.0.0.1:9';
