import type { Command } from 'commander';
import type { Service } from 'zocalo/service';

/** A command's module: it defines flags and help, and does the work. */
export type CommandModule = {
  /** @param args the command line after the command's name */
  define(command: Command, args: readonly string[]): void | Promise<void>;
};

/** What is known of a command without loading it. */
export type CommandEntry = {
  /** One line, without a full stop. */
  readonly summary: string;
  /** What follows the command's name, in its help. */
  readonly usage: string;
  load(): Promise<CommandModule>;
};

/** What a package adds to the command `zocalo`: services for `serve` and `up`, and commands of its own. */
export type Plugin = {
  readonly services?: readonly Service[];
  readonly commands?: Readonly<Record<string, CommandEntry>>;
};
