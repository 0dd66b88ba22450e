/** The place of an index of UTF-16 units as PostgreSQL counts: in characters (code points), from 1. */
export function positionAt(text: string, index: number): number {
  let position = 1;
  for (let at = 0; at < index; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0xdc00 || unit > 0xdfff) position++;
  }
  return position;
}
