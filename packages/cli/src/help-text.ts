/** How wide help is at most: longer lines are hard to read. */
const MAX_WIDTH = 100;
/** How wide the texts are written, and what help is where there is no terminal. */
const DEFAULT_WIDTH = 80;

/** How wide help is on this terminal. */
export function helpWidth(): number {
  return Math.min(process.stdout.columns ?? DEFAULT_WIDTH, MAX_WIDTH);
}

/**
 * A text for a terminal that is narrower than it was written for: paragraphs are wrapped anew, and what stands in a second column is wrapped
 * below its beginning. Examples, and other indented lines in one column, stay as they are, so that they can be copied.
 */
export function narrowed(text: string, width: number): string {
  if (width >= DEFAULT_WIDTH) return text;
  const lines: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    lines.push(...wrap(paragraph.join(' '), width));
    paragraph = [];
  };
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph.push(line);
      if (line.endsWith(':')) endParagraph();
      continue;
    }
    if (paragraph.length > 0) endParagraph();
    const [, before = ''] = /^(\s+\S.*?\s{2,})\S/.exec(line) ?? [];
    if (line.length <= width || before === '') {
      lines.push(line);
      continue;
    }
    // Where the second column would be too narrow, it stands below the first.
    const indent = before.length > width / 2 ? 8 : before.length;
    const rest = wrap(line.slice(before.length), width - indent).map((part) => ' '.repeat(indent) + part);
    if (indent < before.length) lines.push(before.trimEnd(), ...rest);
    else lines.push(before + rest[0]?.trimStart(), ...rest.slice(1));
  }
  if (paragraph.length > 0) endParagraph();
  return lines.join('\n');
}

/** Wraps a text at spaces into lines of at most `width` characters. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
