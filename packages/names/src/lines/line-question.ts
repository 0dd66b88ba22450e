import { defaultQueryFlags, type QueryFlags, type Question } from '../dns/answer.ts';
import { classes, types } from '../dns/constants.ts';
import { parseName } from '../dns/domain-name.ts';
import { reverseName } from '../dns/ip-address.ts';

/** The types that a line may name. */
const queryTypes = ['A', 'AAAA', 'PTR', 'ANY', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT'] as const;

/** What a line asks for. */
export type LineRequest =
  /** Questions to be answered together: `asked` is what the person wrote, and `type` what is missing when there is nothing. */
  | {
      readonly kind: 'questions';
      readonly asked: string;
      readonly type: string;
      readonly questions: readonly Question[];
      readonly queryFlags: QueryFlags;
    }
  | { readonly kind: 'stats' }
  | { readonly kind: 'invalid'; readonly message: string };

/** Flags behind a question, as dig has them. */
const flags: ReadonlyMap<string, Partial<QueryFlags>> = new Map([
  ['+norec', { recursion: false }],
  ['+cd', { checkingDisabled: true }],
  ['+dnssec', { dnssec: true }],
]);

/** Understands `A name`, `PTR ip`, a name or an address alone, each with flags behind it, and `STATS`; upper and lower case are the same. */
export function parseLine(line: string): LineRequest {
  const all = line.trim().split(/\s+/);
  const flagsFrom = all.findIndex((word, index) => index > 0 && word.startsWith('+'));
  const words = flagsFrom < 0 ? all : all.slice(0, flagsFrom);
  let queryFlags = defaultQueryFlags;
  for (const word of flagsFrom < 0 ? [] : all.slice(flagsFrom)) {
    const flag = flags.get(word.toLowerCase());
    if (flag === undefined)
      return invalid(`${quoted(word)} is no flag; there are ${[...flags.keys()].join(', ')}`);
    queryFlags = { ...queryFlags, ...flag };
  }
  const request = requestIn(words);
  return request.kind === 'questions' ? { ...request, queryFlags } : request;
}

function requestIn(words: readonly string[]): LineRequest {
  const [first = '', second] = words;
  if (first === '')
    return invalid('nothing was asked; write a name, or A name, AAAA name, PTR address, STATS, QUIT');
  if (words.length > 2)
    return invalid(`a question is a type and a name, and has no third word: ${quoted(words[2])}`);
  const verb = first.toUpperCase();
  if (second === undefined) {
    if (verb === 'STATS') return { kind: 'stats' };
    if (isOf(queryTypes, verb))
      return invalid(`${verb} of what? write ${verb} ${verb === 'PTR' ? 'address' : 'name'}`);
    return reverseName(first) !== undefined
      ? reverseQuestion(first)
      : question(first, 'A,AAAA', [types.A, types.AAAA]);
  }
  if (!isOf(queryTypes, verb)) {
    return invalid(
      `${quoted(first)} is not a type that can be asked for; there are ${queryTypes.join(', ')}`,
    );
  }
  return verb === 'PTR' ? reverseQuestion(second) : question(second, verb, [types[verb]]);
}

function question(asked: string, type: string, wanted: readonly number[]): LineRequest {
  const name = parseName(asked);
  if (name === undefined) return invalid(`${quoted(asked)} cannot be a name`);
  const questions = wanted.map((each) => ({ name, type: each, class: classes.IN }));
  return { kind: 'questions', asked, type, questions, queryFlags: defaultQueryFlags };
}

/** Of an address, or of a name under in-addr.arpa or ip6.arpa as programs write it. */
function reverseQuestion(asked: string): LineRequest {
  const name = reverseName(asked);
  if (name !== undefined) {
    const questions = [{ name, type: types.PTR, class: classes.IN }];
    return { kind: 'questions', asked, type: 'PTR', questions, queryFlags: defaultQueryFlags };
  }
  if (/\.arpa\.?$/i.test(asked)) return question(asked, 'PTR', [types.PTR]);
  return invalid(`${quoted(asked)} is not an IP address`);
}

function invalid(message: string): LineRequest {
  return { kind: 'invalid', message };
}

/** The longest word that an error message repeats, in characters. */
const MAX_QUOTED = 100;

/** A word of a client, without control characters. */
function quoted(word = ''): string {
  const cut = word.length > MAX_QUOTED ? `${word.slice(0, MAX_QUOTED)}…` : word;
  return `"${cut.replace(/\p{Cc}/gu, '?')}"`;
}

function isOf<Value extends string>(values: readonly Value[], value: string): value is Value {
  return values.includes(value as Value);
}
