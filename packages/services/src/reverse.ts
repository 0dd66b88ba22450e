import { lines, type Protocol } from 'zocalo';
import { EXIT_REPLY, isExitCommand, lineReplies } from 'zocalo/service';

/**
 * Every line of UTF-8 text comes back with its user-perceived characters (the extended grapheme clusters of Unicode
 * Standard Annex 29) in reverse order. `exit`, `quit` and `salir` end the
 * conversation.
 */
export default function reverse(): Protocol<string> {
  return {
    ...lineReplies,
    name: 'reverse',
    framing: lines({ unterminated: 'deliver' }),
    message(line, client) {
      if (!isExitCommand(line)) return `${reversed(line)}\n`;
      client.end();
      return EXIT_REPLY;
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
