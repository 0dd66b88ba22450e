/** Every way to cut bytes into `count` pieces, none of them empty. */
export function everySplit(bytes: Buffer, count: number): Buffer[][] {
  if (count === 1) return [[bytes]];
  const splits: Buffer[][] = [];
  for (let at = 1; at <= bytes.length - (count - 1); at++) {
    for (const rest of everySplit(bytes.subarray(at), count - 1)) {
      splits.push([bytes.subarray(0, at), ...rest]);
    }
  }
  return splits;
}
