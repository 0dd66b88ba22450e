import { Argument, type Command, Option } from 'commander';
import type { Setting } from 'zocalo/service';
import { UsageError } from '../failure.ts';
import { similarChoice } from '../similar.ts';
import { expected, parseText } from './values.ts';

/** Flags that have a short form. */
const shortFlags: Readonly<Record<string, string>> = { port: '-p, ', quiet: '-q, ' };

/** Gives a command a flag for a setting. A value that cannot be used is a {@link UsageError} that names the flag. */
export function addFlag(command: Command, setting: Setting, group: string): void {
  const { name, type, placeholder, help } = setting;
  const description = setting.default === undefined ? help : `${help} (default: ${setting.default})`;
  const flag = `${shortFlags[name] ?? ''}--${name}${type.kind === 'switch' ? '' : ` <${placeholder}>`}`;
  const option = new Option(flag, description).helpGroup(group);
  if (type.kind !== 'switch') {
    option.argParser((text: string, before: unknown) => {
      const value = parseSetting(setting, `--${name}`, text);
      return Array.isArray(value) ? [...(Array.isArray(before) ? before : []), ...value] : value;
    });
  }
  command.addOption(option);
}

/** Lets a setting be given as a word of its own, too. */
export function addArgument(command: Command, setting: Setting): void {
  const argument = new Argument(`[${setting.name}]`, setting.help);
  command.addArgument(argument.argParser((text: string) => parseSetting(setting, setting.name, text)));
}

function parseSetting({ type }: Setting, called: string, text: string): unknown {
  const value = parseText(type, text);
  if (value !== undefined) return value;
  throw new UsageError(`${called} must be ${expected(type)}, not "${text}"${similarChoice(type, text)}`);
}

/** The flags that were given, by the names of their settings. */
export function givenFlags(command: Command): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = command.opts();
  const all = command.options.map((option) => [option.name(), values[option.attributeName()]]);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}
