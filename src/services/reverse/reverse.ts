import { lines } from '../../framing/lines.ts';
import type { Protocol } from '../../protocol/protocol.ts';
import { GOODBYE, goodbyes, lineWords } from '../line-words.ts';

/**
 * Every line of UTF-8 text comes back with its user-perceived characters (the extended grapheme clusters of Unicode
 * Standard Annex 29) in reverse order. `salir` and `EXIT` end the conversation.
 */
export default function reverse(): Protocol<string> {
  return {
    ...lineWords,
    name: 'reverse',
    framing: lines({ unterminated: 'deliver' }),
    message(line, client) {
      if (!goodbyes.includes(line)) return `${reversed(line)}\n`;
      client.end();
      return GOODBYE;
    },
  };
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** The text with its user-perceived characters in reverse order. */
export function reversed(text: string): string {
  let result = '';
  for (const { segment } of graphemes.segment(text)) result = segment + result;
  return result;
}
