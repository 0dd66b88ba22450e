import { onlyOptions } from '../option-checks.ts';
import type { ServerAddress } from '../session/server-info.ts';

/** What a setting accepts, as data: the command makes flags, keys of a file, checks and help of it. */
export type SettingType =
  | { readonly kind: 'whole'; readonly least: number; readonly most?: number }
  /** `500ms`, `30s`, `5m`, `1h`, `none`; the value is in milliseconds, `Infinity` for none. */
  | { readonly kind: 'duration' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  /** An IP address or `localhost`. */
  | { readonly kind: 'address' }
  | { readonly kind: 'text' }
  /** One or more texts: a flag that may be given again, an array in a file. */
  | { readonly kind: 'texts' }
  /** One or more addresses and networks, as texts: `192.0.2.7`, `10.0.0.0/8`. */
  | { readonly kind: 'networks' }
  /** The path of a folder that is there; the value is absolute. */
  | { readonly kind: 'folder' }
  /** The path of a file; the value is absolute. */
  | { readonly kind: 'file' }
  /** `512B`, `64KiB`, `8MiB`, `1GiB`; the value is in bytes. */
  | { readonly kind: 'size'; readonly least: number; readonly most: number }
  /** The permissions of a file in octal: `660`; the value is a number. */
  | { readonly kind: 'permissions' }
  /** Given or not: true or false. */
  | { readonly kind: 'switch' };

/** Something that can be set with a flag, or with a key of the same name in a file. */
export type Setting = {
  /** In kebab-case, without dashes in front: `max-clients`. */
  readonly name: string;
  readonly type: SettingType;
  /** What stands for the value in help: `n`, `duration`. */
  readonly placeholder: string;
  /** One line, without a full stop. */
  readonly help: string;
  /** What holds when it is not given, as it would be written; undefined when the help line describes it. */
  readonly default: string | undefined;
};

/** The settings that were given, by name. */
export type Settings = Readonly<Record<string, unknown>>;

/** The names of the settings with which an endpoint is opened otherwise than the others, by the option of the endpoint that each sets. */
export type EndpointSettings = {
  readonly port: string;
  readonly quota?: string;
  readonly waitTimeoutMs?: string;
};

/** A ready server: what is known of it before its code is loaded. */
export type Service = {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** The port it listens on by default; of several endpoints, the first. */
  readonly port: number;
  /** Its own settings, beyond those of every server. */
  readonly settings: readonly Setting[];
  /** The name of a setting that may be given without its flag, behind the name of the service. */
  readonly operand?: string;
  /** What holds instead of the default of a server, by the names of settings; and for the settings of endpoints. */
  readonly defaults?: Settings;
  /** For a service of several dialects: the settings of each endpoint, in the order of the dialects. */
  readonly endpoints?: Readonly<Record<string, EndpointSettings>>;
  /** What it serves, for the line that names its address. */
  describe?(settings: Settings): string;
  /** A command that shows it at work. @param dialect the dialect of the endpoint, where there are several */
  tryIt(address: ServerAddress, dialect: string): string;
  /** Its module, which any worker can load: the default export makes its protocol, or its dialects, from {@link Settings}. */
  readonly module: URL;
};

/** The command for a conversation in lines with a server, by hand. */
export function netcat({ host, port, path }: ServerAddress): string {
  return path === undefined ? `nc ${host} ${port}` : `nc -U ${path}`;
}

/** @throws OptionError for settings that a service does not have, or that are of its endpoints */
export function checkSettings(service: Service, settings: unknown): void {
  const ofEndpoints = Object.values(service.endpoints ?? {}).flatMap((endpoint) => Object.values(endpoint));
  const own = service.settings.map((setting) => setting.name).filter((each) => !ofEndpoints.includes(each));
  onlyOptions(service.name, settings, own);
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
/** The longest duration but none, in milliseconds: a timer cannot hold 2^31. */
const MAX_DURATION_MS = 596 * units.h;

/** `500ms`, `1.5s`, `5m`, `1h` in milliseconds, `none` as Infinity; a bare number has no unit and is none of them. */
export function parseDuration(text: string): number | undefined {
  if (text === 'none') return Number.POSITIVE_INFINITY;
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  if (parts === null) return undefined;
  const duration = Number(parts[1]) * units[parts[2] as keyof typeof units];
  return duration > 0 && duration <= MAX_DURATION_MS ? duration : undefined;
}

/** A duration as it would be written on the command line. */
export function formatDuration(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return 'none';
  for (const unit of ['h', 'm', 's'] as const)
    if (ms % units[unit] === 0) return `${ms / units[unit]}${unit}`;
  return `${ms}ms`;
}
