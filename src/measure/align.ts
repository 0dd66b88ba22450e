/**
 * Columns of equal width under a ruled head: text to the left in the first, figures to the right in the others. A row with
 * fewer cells than the head is a label and words.
 */
export function align(rows: readonly (readonly string[])[]): string {
  const full = rows.filter((row) => row.length === rows[0]?.length);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...full.map((row) => row[column]?.length ?? 0)));
  const first = Math.max(...rows.map((row) => row[0]?.length ?? 0));
  const line = (row: readonly string[]): string => {
    const [label = '', ...cells] = row;
    const isFull = row.length === widths.length;
    const aligned = cells.map((cell, i) => (isFull ? cell.padStart(widths[i + 1] ?? 0) : cell));
    return [label.padEnd(first), ...aligned].join('  ');
  };
  const [head = [], ...body] = rows;
  const title = line(head);
  return [title, '─'.repeat(title.length), ...body.map(line)].join('\n');
}
