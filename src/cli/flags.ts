import { Argument, type Command, Option } from 'commander';
import type { Setting } from '../services/service.ts';
import { UsageError } from './failure.ts';
import { expected, parseText } from './values.ts';

/** Gives a command a flag for a setting. A value that cannot be used is a {@link UsageError} that names the flag. */
export function addFlag(command: Command, setting: Setting, group: string): void {
  const { name, type, placeholder, help } = setting;
  const description = setting.default === undefined ? help : `${help} (default: ${setting.default})`;
  const flag = type.kind === 'switch' ? `--${name}` : `--${name} <${placeholder}>`;
  const option = new Option(flag, description).helpGroup(group);
  if (type.kind !== 'switch') option.argParser((text: string) => valueFrom(setting, `--${name}`, text));
  command.addOption(option);
}

/** Lets a setting be given as a word of its own, too. */
export function addOperand(command: Command, setting: Setting): void {
  const argument = new Argument(`[${setting.name}]`, setting.help);
  command.addArgument(argument.argParser((text: string) => valueFrom(setting, setting.name, text)));
}

function valueFrom({ type }: Setting, called: string, text: string): unknown {
  const value = parseText(type, text);
  if (value !== undefined) return value;
  throw new UsageError(`${called} must be ${expected(type)}, not "${text}"`);
}

/** The flags that were given, by the names of their settings. */
export function givenFlags(command: Command): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = command.opts();
  return Object.fromEntries(command.options.map((option) => [option.name(), values[option.attributeName()]]));
}
