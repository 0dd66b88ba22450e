import type { ServeOptions } from 'zocalo';
import type { Service, Settings } from 'zocalo/service';
import { services } from '../plugins/built-in.ts';
import { serveOptions } from '../settings/serve-options.ts';

/** What is served, before its settings are read: a service, or the module of a protocol. */
export type Target = {
  /** What messages call it; undefined: as its protocol calls itself. */
  readonly name: string | undefined;
  /** The module of its protocol, and how messages call it. */
  readonly module: URL;
  readonly moduleName: string;
  /** Undefined for a protocol without a descriptor. */
  readonly service: Service | undefined;
};

/** A server that is to be started. */
export type Plan = Target & {
  readonly options: ServeOptions;
  /** How its port and path are given, for advice: `--port`, `port in zocalo.toml`. */
  readonly settingText: (setting: string) => string;
  /** How a setting is called where it was given: `--port`, `port`. */
  readonly optionText: (setting: string) => string;
};

/** A service by its name: a ready one, or else one of an installed package. */
export async function findService(name: string): Promise<Service | undefined> {
  const ready = services.find((service) => service.name === name);
  return ready ?? (await allServices()).find((service) => service.name === name);
}

/** The ready services, and those of the installed packages, which are loaded for it; of two with one name, the first. */
export async function allServices(): Promise<readonly Service[]> {
  const { installedPlugins } = await import('../plugins/installed.ts');
  const all = [...services, ...(await installedPlugins()).services];
  return all.filter(({ name }, i) => all.findIndex((each) => each.name === name) === i);
}

export function serviceTarget(service: Service): Target {
  return { name: service.name, module: service.module, moduleName: service.name, service };
}

/**
 * The plan of a server from the settings that were given for it, by name.
 * @throws UsageError when two of them contradict each other
 */
export function planServer(
  target: Target,
  given: Settings,
  optionText: Plan['optionText'],
  settingText: Plan['settingText'] = optionText,
): Plan {
  const { service } = target;
  const options = serveOptions(given, service, optionText);
  const protocolOptions = service === undefined ? {} : { protocolOptions: protocolSettings(service, given) };
  return { ...target, options: { ...options, ...protocolOptions }, settingText, optionText };
}

/** The settings of a service among all that were given, but for those of its endpoints. */
function protocolSettings(service: Service, given: Settings): Settings {
  const ofEndpoints = Object.values(service.endpoints ?? {}).flatMap((endpoint) => Object.values(endpoint));
  const own = service.settings.filter(({ name }) => !ofEndpoints.includes(name));
  return Object.fromEntries(own.map(({ name }) => [name, given[name]]));
}
