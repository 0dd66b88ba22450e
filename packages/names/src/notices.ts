import type { HostsFile } from './hosts/hosts-file.ts';
import type { FileEvent } from './resolver/watched-file.ts';
import { formatUpstream, type UpstreamAddress } from './upstream/upstream-address.ts';

/** How many warnings of one file are reported line by line; the rest is counted. */
const MAX_WARNINGS = 10;

/** Messages for the operator of the service. They are kept until there is a place to report them. */
export class Notices {
  #notify: ((message: string) => void) | undefined;
  #kept: string[] = [];

  add(message: string): void {
    if (this.#notify === undefined) this.#kept.push(message);
    else this.#notify(message);
  }

  /** Reports what was kept, and from now on every message at once. */
  reportTo(notify: (message: string) => void): void {
    this.#notify = notify;
    for (const message of this.#kept) notify(message);
    this.#kept = [];
  }

  /** A hosts file was read, or cannot be. */
  hostsChanged(event: FileEvent<HostsFile>): void {
    const { type, path } = event;
    if (type === 'kept') {
      const consequence = this.#atStart
        ? 'it is answered from as soon as it can'
        : 'what it said before is still answered';
      this.add(`the hosts file ${path} cannot be read: ${event.error.message}; ${consequence}`);
      return;
    }
    const { warnings, warningCount, lines } = event.content;
    for (const { line, problem } of warnings.slice(0, MAX_WARNINGS)) this.add(`${path}:${line}: ${problem}`);
    if (warningCount > MAX_WARNINGS)
      this.add(`${path}: ${warningCount - MAX_WARNINGS} more lines have something wrong`);
    if (!this.#atStart) this.add(`the hosts file ${path} was read again: ${lines} lines`);
  }

  /** The file with the name servers of the system was read, or cannot be. */
  upstreamsChanged(event: FileEvent<readonly UpstreamAddress[]>): void {
    const { type, path } = event;
    if (type === 'loaded') {
      const names = event.content.map(formatUpstream).join(', ');
      if (!this.#atStart) this.add(`${path} was read again: the name servers are ${names}`);
      return;
    }
    const consequence = this.#atStart
      ? 'the name server of this machine is asked, 127.0.0.1:53'
      : 'those that it named before are still asked';
    this.add(
      `${path} gives no name servers: ${event.error.message}; ${consequence}; --upstream gives others`,
    );
  }

  get #atStart(): boolean {
    return this.#notify === undefined;
  }
}
