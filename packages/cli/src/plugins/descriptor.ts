import { type CommandEntry, Failure, type Plugin } from '@zocalo/command';
import type { Service, SettingType } from 'zocalo/service';

/* Descriptors that come from outside: nothing in them is trusted to be of its type. */

type Check = readonly [mustBe: string, passes: (value: unknown) => boolean];

const kinds: Readonly<Record<SettingType['kind'], true>> = {
  whole: true,
  duration: true,
  choice: true,
  address: true,
  text: true,
  texts: true,
  networks: true,
  folder: true,
  file: true,
  size: true,
  permissions: true,
  switch: true,
};

const name: Check = ['a name of letters, digits and dashes', isName];
const text: Check = ['a text', (value) => typeof value === 'string'];
const aFunction: Check = ['a function', (value) => typeof value === 'function'];
const serviceChecks: Readonly<Record<string, Check>> = {
  name,
  summary: text,
  port: ['a port', (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535],
  settings: [
    'an array of settings, each with name, type, placeholder and help',
    (value) => Array.isArray(value) && value.every(isSetting),
  ],
  tryIt: aFunction,
  module: ['the URL of a module', (value) => value instanceof URL],
};
const commandChecks: Readonly<Record<string, Check>> = { summary: text, usage: text, load: aFunction };

/** Whether an export is meant as a service, and not as a protocol: it names the module of one, and answers no messages itself. */
export function isService(exported: unknown): exported is { name: unknown; module: unknown } {
  return isRecord(exported) && 'name' in exported && 'module' in exported && !('message' in exported);
}

/** @throws Failure for a service that lacks what the command needs of it */
export function checkService(exported: unknown): Service {
  check('a service', exported, serviceChecks);
  return exported as Service;
}

/**
 * What the main export of a package adds: a service, an array of services, or a plug-in.
 * @throws Failure when it is none of them
 */
export function pluginIn(exported: unknown): Plugin {
  if (Array.isArray(exported)) return { services: exported.map(checkService) };
  if (isService(exported)) return { services: [checkService(exported)] };
  if (!isRecord(exported) || !('services' in exported || 'commands' in exported)) {
    throw new Failure('its default export is no service, no array of services and no plug-in');
  }
  const { services = [], commands = {} } = exported;
  if (!Array.isArray(services)) throw new Failure('its services must be an array');
  if (!isRecord(commands)) throw new Failure('its commands must be an object');
  for (const [called, entry] of Object.entries(commands)) {
    if (!isName(called)) throw new Failure(`the name of a command must be ${name[0]}`);
    check(`the command ${called}`, entry, commandChecks);
  }
  return {
    services: services.map(checkService),
    commands: commands as Readonly<Record<string, CommandEntry>>,
  };
}

function check(what: string, value: unknown, checks: Readonly<Record<string, Check>>): void {
  for (const [member, [mustBe, passes]] of Object.entries(checks)) {
    if (!isRecord(value) || !passes(value[member])) {
      throw new Failure(`${member} of ${what} must be ${mustBe}`);
    }
  }
}

function isSetting(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value.type)) return false;
  const { kind, of } = value.type;
  const typed = Object.hasOwn(kinds, String(kind)) && (kind !== 'choice' || Array.isArray(of));
  return typed && isName(value.name) && [value.placeholder, value.help].every(text[1]);
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z][a-z\d-]*$/i.test(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
