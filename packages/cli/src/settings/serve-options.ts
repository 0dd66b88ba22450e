import { UsageError } from '@zocalo/command';
import type { ServeOptions } from 'zocalo';
import type { Service, Settings } from 'zocalo/service';
import { serverSettings } from './server-settings.ts';
import { tlsOptions } from './tls-options.ts';

/**
 * The options of `serve()` that settings by name amount to.
 * @param service the ready service that is served, if it is one
 * @param settingText how a setting is called where it was given, for messages: `--port`, `port`
 * @throws UsageError when two of them contradict each other
 */
export function serveOptions(
  given: Settings,
  service: Service | undefined,
  settingText: (name: string) => string,
): ServeOptions {
  if (given.path !== undefined && service?.endpoints !== undefined) {
    const dialects = Object.keys(service.endpoints).join(', ');
    throw new UsageError(
      `${settingText('path')} is for a server with one endpoint, and ${service.name} has several: ${dialects}`,
    );
  }
  for (const name of ['host', 'port']) {
    if (given.path !== undefined && given[name] !== undefined) {
      throw new UsageError(
        `${settingText('path')} is for a Unix socket and ${settingText(name)} for TCP: give one or the other`,
      );
    }
  }
  const defined = Object.entries(given).filter(([, value]) => value !== undefined);
  const settings: Settings = { ...defaultsFor(given.model, service), ...Object.fromEntries(defined) };
  for (const name of ['quota-per', 'quota-refill']) {
    if (settings[name] !== undefined && settings.quota === undefined) {
      throw new UsageError(`${settingText(name)} needs ${settingText('quota')}`);
    }
  }
  const options: Record<string, unknown> = {};
  for (const { name, option, member } of serverSettings) {
    if (member === undefined && settings[name] !== undefined) options[option] = settings[name];
  }
  const tls = tlsOptions(settings, settingText);
  if (tls !== undefined) options.tls = tls;
  if (service?.endpoints !== undefined) return withEndpoints(options, service.endpoints, settings);
  if (given.path === undefined) options.port ??= service?.port ?? 0;
  return options;
}

/** One client at a time is all that the model has by its nature, whatever the service would have. */
function defaultsFor(model: unknown, service: Service | undefined): Settings {
  const { 'max-clients': _clients, 'max-waiting': _waiting, ...others } = service?.defaults ?? {};
  return model === 'iterative' ? others : (service?.defaults ?? {});
}

/** A quota of addresses is one for all endpoints. */
function withEndpoints(
  options: Record<string, unknown>,
  endpoints: NonNullable<Service['endpoints']>,
  settings: Settings,
): ServeOptions {
  const { port: _first, ...common } = options;
  const own = Object.entries(endpoints).map(([dialect, names]) => {
    const endpoint = Object.entries(names)
      .map(([option, name]) => [option, settings[name]] as const)
      .filter(
        ([option, value]) => value !== undefined && (option !== 'quota' || options.quotaPer !== 'address'),
      );
    return [dialect, Object.fromEntries(endpoint)];
  });
  return { ...common, endpoints: Object.fromEntries(own) };
}
