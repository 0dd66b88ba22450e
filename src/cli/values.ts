import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseDuration } from '../services/duration.ts';
import type { SettingType } from '../services/service.ts';

const sizeUnits = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;

/** The value of a setting as it is written on the command line; undefined when it cannot be used. */
export function parseText(type: SettingType, text: string): unknown {
  if (type.kind === 'whole') return /^\d+$/.test(text) ? acceptValue(type, Number(text)) : undefined;
  return acceptValue(type, text);
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
      return typeof value === 'string' && (value === 'localhost' || isIP(value) !== 0) ? value : undefined;
    case 'text':
      return typeof value === 'string' && value !== '' ? value : undefined;
    case 'texts': {
      const texts = typeof value === 'string' ? [value] : value;
      const given = Array.isArray(texts) && texts.length > 0;
      return given && texts.every((text) => typeof text === 'string' && text !== '') ? texts : undefined;
    }
    case 'folder':
      return typeof value === 'string' && value !== '' ? findFolder(resolve(from, value)) : undefined;
    case 'size': {
      const size = typeof value === 'string' ? parseSize(value) : undefined;
      return size !== undefined && size >= type.least && size <= type.most ? size : undefined;
    }
    case 'switch':
      return typeof value === 'boolean' ? value : undefined;
  }
}

/** What a setting must be, in words that follow "must be". */
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
      return 'an IPv4 or IPv6 address or localhost';
    case 'text':
      return 'some text';
    case 'texts':
      return 'some text, or several';
    case 'folder':
      return 'the path of a folder';
    case 'size':
      return `a size such as 64KiB or 8MiB, from ${formatSize(type.least)} to ${formatSize(type.most)}`;
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

function findFolder(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : undefined;
}
