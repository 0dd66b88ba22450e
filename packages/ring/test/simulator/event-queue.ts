/** What is to happen, by time and, at the same time, in the order in which it was put down: a binary heap. */
export class EventQueue<T> {
  readonly #entries: { at: number; order: number; item: T }[] = [];
  #order = 0;

  get nextAt(): number {
    return this.#entries[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  put(at: number, item: T): void {
    const entry = { at, order: this.#order++, item };
    const heap = this.#entries;
    let hole = heap.length;
    heap.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = heap[parent] as typeof entry;
      if (above.at < at || (above.at === at && above.order < entry.order)) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = entry;
  }

  take(): { at: number; item: T } | undefined {
    const heap = this.#entries;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      const left = heap[child] as typeof last;
      const right = heap[child + 1];
      if (right !== undefined && (right.at < left.at || (right.at === left.at && right.order < left.order)))
        child++;
      const below = heap[child] as typeof last;
      if (last.at < below.at || (last.at === below.at && last.order < below.order)) break;
      heap[hole] = below;
      hole = child;
    }
    heap[hole] = last;
    return first;
  }
}
