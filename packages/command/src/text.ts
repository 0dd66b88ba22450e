/** Rows of cells as lines, with the columns aligned. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const align = (cell: string, column: number) => cell.padEnd(width(column));
  return rows.map((row) => row.map(align).join('  ').trimEnd());
}

/** `1 client`, `2 clients`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `1 client was cut off`. */
export function cutOff(clients: number): string {
  return `${count(clients, 'client')} ${clients === 1 ? 'was' : 'were'} cut off`;
}

/** An error's message as one line. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

/** Control characters as `^[` and the like (C1 ones as `<9b>`), but for line ends and tabs. */
export function visible(text: string): string {
  return (
    text
      .replaceAll('\r\n', '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for.
      .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (char) => `^${String.fromCharCode(char.charCodeAt(0) ^ 0x40)}`)
      .replace(/[\x80-\x9f]/g, (char) => `<${char.charCodeAt(0).toString(16)}>`)
  );
}
