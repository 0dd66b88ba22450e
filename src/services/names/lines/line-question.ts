import type { Question } from '../dns/answer.ts';
import { classes, types } from '../dns/constants.ts';
import { parseName } from '../dns/domain-name.ts';
import { reverseName } from '../dns/ip-address.ts';

/** The types that a person may ask for by name. */
const askable = ['A', 'AAAA', 'PTR', 'ANY', 'CNAME', 'MX', 'NS', 'SOA', 'SRV', 'TXT'] as const;

/** What a line asks for. */
export type LineRequest =
  /** Questions to be answered together: `asked` is what the person wrote, and `type` what is missing when there is nothing. */
  | {
      readonly kind: 'ask';
      readonly asked: string;
      readonly type: string;
      readonly questions: readonly Question[];
    }
  | { readonly kind: 'stats' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'mistake'; readonly words: string };

/** Understands `A name`, `PTR ip`, a name or an address alone, `STATS` and `QUIT`; upper and lower case are the same. */
export function parseLine(line: string, goodbyes: readonly string[]): LineRequest {
  const words = line.trim().split(/\s+/);
  const [first = '', second] = words;
  if (first === '')
    return mistake('nothing was asked; write a name, or A name, AAAA name, PTR address, STATS, QUIT');
  if (words.length > 2)
    return mistake(`a question is a type and a name, and has no third word: ${shown(words[2])}`);
  const verb = first.toUpperCase();
  if (second === undefined) {
    if (verb === 'STATS') return { kind: 'stats' };
    if (verb === 'QUIT' || goodbyes.includes(line)) return { kind: 'quit' };
    if (isOf(askable, verb))
      return mistake(`${verb} of what? write ${verb} ${verb === 'PTR' ? 'address' : 'name'}`);
    return reverseName(first) !== undefined
      ? pointer(first)
      : question(first, 'A,AAAA', [types.A, types.AAAA]);
  }
  if (!isOf(askable, verb)) {
    return mistake(`${shown(first)} is not a type that can be asked for; there are ${askable.join(', ')}`);
  }
  return verb === 'PTR' ? pointer(second) : question(second, verb, [types[verb]]);
}

function question(asked: string, type: string, wanted: readonly number[]): LineRequest {
  const name = parseName(asked);
  if (name === undefined) return mistake(`${shown(asked)} cannot be a name`);
  const questions = wanted.map((each) => ({ name, type: each, class: classes.IN }));
  return { kind: 'ask', asked, type, questions };
}

/** Of an address, or of a name under in-addr.arpa or ip6.arpa as programs write it. */
function pointer(asked: string): LineRequest {
  const name = reverseName(asked);
  if (name !== undefined) {
    return { kind: 'ask', asked, type: 'PTR', questions: [{ name, type: types.PTR, class: classes.IN }] };
  }
  if (/\.arpa\.?$/i.test(asked)) return question(asked, 'PTR', [types.PTR]);
  return mistake(`${shown(asked)} is not an IP address`);
}

function mistake(words: string): LineRequest {
  return { kind: 'mistake', words };
}

/** The longest word that is repeated to whoever wrote it, in characters. */
const LONGEST_SHOWN = 100;

/** A word of a client, without control characters. */
function shown(word = ''): string {
  const cut = word.length > LONGEST_SHOWN ? `${word.slice(0, LONGEST_SHOWN)}…` : word;
  return `"${cut.replace(/\p{Cc}/gu, '?')}"`;
}

function isOf<Value extends string>(values: readonly Value[], value: string): value is Value {
  return values.includes(value as Value);
}
