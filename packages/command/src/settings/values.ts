import { statSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { isNetwork } from 'zocalo/internal/addresses';
import { parseDuration, type SettingType } from 'zocalo/service';

const switches = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);
const sizeUnits = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;

/**
 * The value of a setting as it is written on the command line, or in a variable of the environment; undefined when it cannot be used.
 * @param from where paths are seen from; default: the current directory
 */
export function parseText(type: SettingType, text: string, from = '.'): unknown {
  if (type.kind === 'whole') return /^\d+$/.test(text) ? acceptValue(type, Number(text)) : undefined;
  if (type.kind === 'switch') return switches.get(text);
  return acceptValue(type, text, from);
}

/**
 * The value of a setting as a file has it, where numbers are numbers; undefined when it cannot be used.
 * @param from where paths are seen from; default: the current directory
 */
export function acceptValue(type: SettingType, value: unknown, from = '.'): unknown {
  switch (type.kind) {
    case 'whole': {
      const whole = typeof value === 'number' && Number.isSafeInteger(value);
      return whole && value >= type.least && value <= (type.most ?? Infinity) ? value : undefined;
    }
    case 'duration':
      return typeof value === 'string' ? parseDuration(value) : undefined;
    case 'choice':
      return typeof value === 'string' && type.of.includes(value) ? value : undefined;
    case 'address':
      return typeof value === 'string' ? parseHost(value) : undefined;
    case 'text':
      return typeof value === 'string' && value !== '' ? value : undefined;
    case 'texts':
      return listOf(value, (text) => text !== '');
    case 'networks':
      return listOf(value, isNetwork);
    case 'folder':
      return typeof value === 'string' && value !== '' ? existingFolder(resolve(from, value)) : undefined;
    case 'file':
      return typeof value === 'string' && value !== '' ? resolve(from, value) : undefined;
    case 'size': {
      const size = typeof value === 'string' ? parseSize(value) : undefined;
      return size !== undefined && size >= type.least && size <= type.most ? size : undefined;
    }
    case 'permissions':
      return typeof value === 'string' && /^0?[0-7]{3}$/.test(value) ? Number.parseInt(value, 8) : undefined;
    case 'switch':
      return typeof value === 'boolean' ? value : undefined;
  }
}

/** Texts that all pass; one alone may stand for itself. */
function listOf(value: unknown, passes: (text: string) => boolean): readonly string[] | undefined {
  const texts: unknown = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(texts) || texts.length === 0) return undefined;
  return texts.every((text) => typeof text === 'string' && passes(text)) ? texts : undefined;
}

/** What a setting must be, to follow "must be" in a message. */
export function expected(type: SettingType): string {
  switch (type.kind) {
    case 'whole':
      return type.most === undefined
        ? `a whole number of ${type.least} or more`
        : `a whole number from ${type.least} to ${type.most}`;
    case 'duration':
      return 'a duration such as 500ms, 30s, 5m or 1h (at most 596h), or none';
    case 'choice':
      return type.of.length === 1 ? `${type.of[0]}` : `one of ${type.of.join(', ')}`;
    case 'address':
      return 'an IPv4 or IPv6 address or the name of a host';
    case 'text':
      return 'some text';
    case 'texts':
      return 'some text, or several';
    case 'networks':
      return 'an address or a network such as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32, or several';
    case 'folder':
      return 'the path of a folder';
    case 'file':
      return 'the path of a file';
    case 'size':
      return `a size such as 64KiB or 8MiB, from ${formatSize(type.least)} to ${formatSize(type.most)}`;
    case 'permissions':
      return 'permissions in octal, as text: "660" or "600"';
    case 'switch':
      return 'true or false';
  }
}

/** `512B`, `64KiB`, `8MiB`, `1GiB` in bytes; a bare number has no unit and is none of them. */
export function parseSize(text: string): number | undefined {
  const parts = /^(\d+)(B|KiB|MiB|GiB)$/.exec(text);
  return parts === null ? undefined : Number(parts[1]) * sizeUnits[parts[2] as keyof typeof sizeUnits];
}

/** A size as it would be written on the command line. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const)
    if (bytes > 0 && bytes % sizeUnits[unit] === 0) return `${bytes / sizeUnits[unit]}${unit}`;
  return `${bytes}B`;
}

/** A name of labels (RFC 1123 section 2.1) whose last has a letter, or it would be an address with a mistake in it. */
const hostName =
  /^(?=.{1,253}$)(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.)*(?!\d+\.?$)[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.?$/i;

/** An address without the brackets that it has beside a port, or a name. */
function parseHost(text: string): string | undefined {
  const [, bracketed] = /^\[([^[\]]+)\]$/.exec(text) ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed) ? bracketed : undefined;
  return isIP(text) !== 0 || hostName.test(text) ? text : undefined;
}

function existingFolder(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : undefined;
}
