import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { didYouMean, Failure, oneLine, similarChoice, UsageError } from '@zocalo/command';
import { logKeys } from '@zocalo/command/log';
import { acceptValue, expected, parseText } from '@zocalo/command/settings';
import { parse, TomlError } from 'smol-toml';
import type { Setting, Settings } from 'zocalo/service';
import { substitute } from '../settings/environment.ts';
import { settingsOf } from '../settings/server-settings.ts';
import { allServices, findService, type Plan, planServer, serviceTarget, type Target } from './plan.ts';
import { moduleTarget } from './protocol-module.ts';

type Table = Readonly<Record<string, unknown>>;

/** What a file asks for. */
export type Config = {
  readonly plans: readonly Plan[];
  /** Of the command itself: of the log, and `strict`. */
  readonly settings: Settings;
};

/** Whether one server that cannot be started keeps the others from it. */
export const strictSetting: Setting = {
  name: 'strict',
  type: { kind: 'switch' },
  placeholder: '',
  help: 'when one server cannot be started, start none (default: the others serve)',
  default: undefined,
};

const topSettings: readonly Setting[] = [...logKeys, strictSetting];

/**
 * Reads the servers of a file. Every message begins with the file and, where there is one, the table.
 * @throws Failure when the file or one of its modules cannot be loaded; UsageError for everything wrong in it
 */
export async function readConfig(file: string): Promise<Config> {
  const top = parseFile(file);
  const tables = await within(file, () => checkTop(top));
  const settings = await within(file, () => topSettingsIn(file, top));
  const plans: Plan[] = [];
  for (const [name, table] of Object.entries(tables)) {
    plans.push(await within(`${file}: servers.${name}`, () => planFor(file, name, table)));
  }
  return { plans, settings };
}

function checkTop(top: Table): Table {
  const known = topSettings.map(({ name }) => name);
  for (const key of Object.keys(top)) {
    if (key === 'servers' || known.includes(key)) continue;
    const hint = didYouMean(key, [...known, 'servers']);
    throw new UsageError(
      `there is no key "${key}" here, only ${known.join(', ')} and the tables [servers.NAME]${hint}`,
    );
  }
  const tables = top.servers;
  if (isTable(tables) && Object.keys(tables).length > 0) return tables;
  throw new UsageError('it has no server; each is a table [servers.NAME]');
}

function topSettingsIn(file: string, top: Table): Settings {
  const given = topSettings.filter(({ name }) => top[name] !== undefined);
  const settings = Object.fromEntries(
    given.map((setting) => [setting.name, value(setting, top[setting.name])]),
  );
  const { 'log-file': path } = settings;
  return typeof path === 'string' ? { ...settings, 'log-file': resolve(dirname(file), path) } : settings;
}

async function planFor(file: string, name: string, table: unknown): Promise<Plan> {
  if (!isTable(table)) throw new UsageError(`it must be a table, not ${show(table)}`);
  const { service: rawService, module: rawModule, ...rest } = table;
  const [serviceName, module] = [rawService, rawModule].map((raw) =>
    typeof raw === 'string' ? substitute(raw) : raw,
  );
  if ((serviceName === undefined) === (module === undefined)) {
    throw new UsageError('it needs either service or module, to say what it serves');
  }
  if (module !== undefined && typeof module !== 'string') {
    throw new UsageError(`module must be the path of a module, not ${show(module)}`);
  }
  const from = dirname(resolve(file));
  const target = module === undefined ? await targetOf(serviceName) : await moduleTarget(module, from);
  const settings = settingsOf(target.service);
  const given: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(rest)) {
    const setting = settings.find((each) => each.name === key);
    if (setting === undefined) {
      const known = ['service', 'module', ...settings.map((each) => each.name)];
      throw new UsageError(
        `there is no key "${key}"${didYouMean(key, known) || '; zocalo serve --help has them all'}`,
      );
    }
    given[key] = value(setting, raw, from);
  }
  const plan = planServer(
    target,
    given,
    (key) => key,
    (key) => `\`${key}\` in ${file}`,
  );
  return { ...plan, name };
}

async function targetOf(name: unknown): Promise<Target> {
  const service = await findService(String(name));
  if (service !== undefined) return serviceTarget(service);
  const type = { kind: 'choice', of: (await allServices()).map((each) => each.name) } as const;
  const hint = didYouMean(String(name), type.of);
  throw new UsageError(`service must be ${expected(type)}, not ${show(name)}${hint}`);
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
    const [message = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    throw new UsageError(`${file}:${error.line}:${error.column}: not TOML: ${oneLine(message)}`);
  }
}

/** A text with variables of the environment in it is read as a flag would be, since it may stand for a number. */
function value(setting: Setting, raw: unknown, from?: string): unknown {
  const read = Array.isArray(raw) ? raw.map(withVariables) : withVariables(raw);
  const replaced = typeof read === 'string' && read !== raw;
  const accepted = replaced ? parseText(setting.type, read, from) : acceptValue(setting.type, read, from);
  if (accepted !== undefined) return accepted;
  const hint = typeof read === 'string' ? similarChoice(setting.type, read) : '';
  throw new UsageError(`${setting.name} must be ${expected(setting.type)}, not ${show(read)}${hint}`);
}

function withVariables(raw: unknown): unknown {
  return typeof raw === 'string' ? substitute(raw) : raw;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function show(value: unknown): string {
  return isTable(value) ? 'a table' : (JSON.stringify(value) ?? String(value));
}
