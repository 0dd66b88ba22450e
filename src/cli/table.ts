/** Rows of cells as lines, with the columns aligned. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const align = (cell: string, column: number) => cell.padEnd(width(column));
  return rows.map((row) => row.map(align).join('  ').trimEnd());
}
