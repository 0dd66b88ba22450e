import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { services } from '../services/registry.ts';
import type { Setting } from '../services/service.ts';
import { Failure, oneLine, UsageError } from './failure.ts';
import { findModule } from './load-module.ts';
import { type LogFormat, logSetting } from './log.ts';
import { serveOptions, serverSettings } from './server-settings.ts';
import { type Plan, planOf, settingsOf } from './start.ts';
import { acceptValue, expected } from './values.ts';

type Table = Readonly<Record<string, unknown>>;

/** What a file asks for. */
export type Config = { readonly plans: readonly Plan[]; readonly log: LogFormat | undefined };

/**
 * Reads the servers of a file. Every message begins with the file and, where there is one, the table.
 * @throws Failure when the file or one of its modules cannot be loaded; UsageError for everything wrong in it
 */
export async function readConfig(file: string): Promise<Config> {
  const top = parseFile(file);
  const tables = await within(file, () => checkTop(top));
  const log = await within(file, () => (top.log === undefined ? undefined : value(logSetting, top.log)));
  const plans: Plan[] = [];
  for (const [name, table] of Object.entries(tables)) {
    plans.push(await within(`${file}: servers.${name}`, () => planFor(file, name, table)));
  }
  return { plans, log: log as LogFormat | undefined };
}

function checkTop(top: Table): Table {
  for (const key of Object.keys(top)) {
    if (key === 'log' || key === 'servers') continue;
    throw new UsageError(`there is no key "${key}" here, only log and the tables [servers.NAME]`);
  }
  const tables = top.servers;
  if (isTable(tables) && Object.keys(tables).length > 0) return tables;
  throw new UsageError('it has no server; each is a table [servers.NAME]');
}

async function planFor(file: string, name: string, table: unknown): Promise<Plan> {
  if (!isTable(table)) throw new UsageError(`it must be a table, not ${show(table)}`);
  const { service: serviceName, module, ...rest } = table;
  if ((serviceName === undefined) === (module === undefined)) {
    throw new UsageError('it needs either service or module, to say what it serves');
  }
  if (module !== undefined && typeof module !== 'string') {
    throw new UsageError(`module must be the path of a module, not ${show(module)}`);
  }
  const service = services.find((each) => each.name === serviceName);
  if (module === undefined && service === undefined) {
    const type = { kind: 'choice', of: services.map((each) => each.name) } as const;
    throw new UsageError(`service must be ${expected(type)}, not ${show(serviceName)}`);
  }

  const settings: readonly Setting[] = [...(service?.settings ?? []), ...serverSettings];
  const given: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(rest)) {
    const setting = settings.find((each) => each.name === key);
    if (setting === undefined)
      throw new UsageError(`there is no key "${key}"; zocalo serve --help has them all`);
    given[key] = value(setting, raw, dirname(resolve(file)));
  }
  const options = serveOptions(given, service, (key) => key);
  const spell = (key: string) => `\`${key}\` in ${file}`;
  if (service === undefined) {
    const found = await findModule(module as string, dirname(resolve(file)));
    return { name, module: found.module, moduleName: module as string, options, service, spell };
  }
  const protocolOptions = settingsOf(service, given);
  return { ...planOf(service), name, options: { ...options, protocolOptions }, spell };
}

/** Says in an error's message where in the file it is. */
async function within<Result>(place: string, action: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${place}: ${error.message}`, { cause: error });
    if (error instanceof Failure) throw new Failure(`${place}: ${error.message}`, { cause: error });
    throw error;
  }
}

function parseFile(file: string): Table {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Failure(
      code === 'ENOENT' ? `there is no file ${file}` : `cannot read ${file}: ${code ?? message}`,
    );
  }
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [words = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    throw new UsageError(`${file}:${error.line}:${error.column}: not TOML: ${oneLine(words)}`);
  }
}

function value(setting: Setting, raw: unknown, from?: string): unknown {
  const accepted = acceptValue(setting.type, raw, from);
  if (accepted !== undefined) return accepted;
  throw new UsageError(`${setting.name} must be ${expected(setting.type)}, not ${show(raw)}`);
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function show(value: unknown): string {
  return isTable(value) ? 'a table' : (JSON.stringify(value) ?? String(value));
}
