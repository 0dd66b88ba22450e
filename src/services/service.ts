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
  /** The path of a folder that is there; the value is absolute. */
  | { readonly kind: 'folder' }
  /** `512B`, `64KiB`, `8MiB`, `1GiB`; the value is in bytes. */
  | { readonly kind: 'size'; readonly least: number; readonly most: number }
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
  /** What holds when it is not given, as it would be written; undefined when help says it in words. */
  readonly default: string | undefined;
};

/** The settings that were given, by name. */
export type Settings = Readonly<Record<string, unknown>>;

/** Where a server can be reached from this machine. */
export type Place = { readonly host: string; readonly port: number; readonly path: string | undefined };

/** The names of the settings with which a door is opened otherwise than the others, by the option of the door that each sets. */
export type DoorSettings = {
  readonly port: string;
  readonly quota?: string;
  readonly waitTimeout?: string;
};

/** A ready server: what is known of it before its code is loaded. */
export type Service = {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** The port it listens on unless told otherwise; of several doors, the first. */
  readonly port: number;
  /** Its own settings, beyond those of every server. */
  readonly settings: readonly Setting[];
  /** The name of a setting that may be given as a word of its own, behind the name of the service. */
  readonly operand?: string;
  /** What holds instead of the default of a server, by the names of settings; and for the settings of doors. */
  readonly defaults?: Settings;
  /** For a service of several dialects: the settings of each door, in the order of the dialects. */
  readonly doors?: Readonly<Record<string, DoorSettings>>;
  /** A command that shows it at work. @param dialect what is spoken there, where there are several */
  tryIt(place: Place, dialect: string): string;
  /** Its module, which any worker can load: the default export makes its protocol, or its dialects, from {@link Settings}. */
  readonly module: URL;
};

/** How to talk lines with a server by hand. */
export function netcat({ host, port, path }: Place): string {
  return path === undefined ? `nc ${host} ${port}` : `nc -U ${path}`;
}
