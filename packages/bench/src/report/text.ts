/** Figures as text: enough digits to compare, no more than the noise deserves. */
const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const rate = (perSecond: number): string => grouped.format(perSecond);
export const bytes = (count: number): string => grouped.format(count);
export const micros = (value: number): string => (value < 1000 ? value.toFixed(2) : grouped.format(value));
export const latency = (value: number): string => (value < 100 ? value.toFixed(1) : grouped.format(value));
export const ratio = (value: number): string => value.toFixed(2);
export const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;

export function duration(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

/**
 * Columns of equal width under a ruled head: text to the left in the first, figures to the right in the others. A row
 * with fewer cells than the head is a label and a text.
 */
export function ruledTable(rows: readonly (readonly string[])[]): string {
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
