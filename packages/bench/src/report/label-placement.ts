/**
 * Moves positions on an axis apart, so that none is closer than `gap` to the next and all lie between `min` and `max`;
 * each stays as near as it can to where it was wanted.
 * @returns the positions in the order of `wanted`
 */
export function placeLabels(wanted: readonly number[], gap: number, min: number, max: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
  /** Neighbours that touch: how many, and where the first of them is. */
  const clusters: { start: number; members: number[] }[] = [];
  for (const index of order) {
    let cluster = { start: wanted[index] as number, members: [index] };
    for (;;) {
      const room = (cluster.members.length - 1) * gap;
      cluster.start = Math.max(min, Math.min(cluster.start, max - room));
      const before = clusters.at(-1);
      if (before === undefined || before.start + before.members.length * gap <= cluster.start) break;
      clusters.pop();
      const members = [...before.members, ...cluster.members];
      const starts = members.map((member, i) => (wanted[member] as number) - i * gap);
      cluster = { start: starts.reduce((sum, each) => sum + each, 0) / members.length, members };
    }
    clusters.push(cluster);
  }
  const positions: number[] = [];
  for (const { start, members } of clusters) {
    for (const [i, member] of members.entries()) positions[member] = start + i * gap;
  }
  return positions;
}
