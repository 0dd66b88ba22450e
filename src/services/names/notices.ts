import type { HostsEvent } from './hosts/watched-hosts.ts';

/** How many warnings of one file are told line by line. */
const MOST_TOLD = 10;

/** What whoever runs the service should know. It is kept until there is somebody to tell. */
export class Notices {
  #notify: ((words: string) => void) | undefined;
  #kept: string[] = [];

  add(words: string): void {
    if (this.#notify === undefined) this.#kept.push(words);
    else this.#notify(words);
  }

  /** From now on they are told at once. */
  sendTo(notify: (words: string) => void): void {
    this.#notify = notify;
    for (const words of this.#kept) notify(words);
    this.#kept = [];
  }

  /** What has become of a hosts file. */
  ofHosts(event: HostsEvent): void {
    const { type, path } = event;
    if (type === 'kept') {
      this.add(`the hosts file ${path} cannot be read, and the old table stays: ${event.error.message}`);
      return;
    }
    const { warnings, warningCount, lines } = event.file;
    for (const { line, problem } of warnings.slice(0, MOST_TOLD)) this.add(`${path}:${line}: ${problem}`);
    if (warningCount > MOST_TOLD)
      this.add(`${path}: ${warningCount - MOST_TOLD} more lines have something wrong`);
    if (this.#notify !== undefined) this.add(`the hosts file ${path} was read again: ${lines} lines`);
  }
}
