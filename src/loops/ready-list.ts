/** What a poller found ready, in the order in which it found it. It is filled anew by each call. */
export class ReadyList {
  count = 0;
  #descriptors = new Int32Array(64);
  #generations = new Int32Array(64);
  #events = new Int32Array(64);

  add(fd: number, generation: number, events: number): void {
    if (this.count === this.#descriptors.length) this.#grow();
    this.#descriptors[this.count] = fd;
    this.#generations[this.count] = generation;
    this.#events[this.count] = events;
    this.count++;
  }

  descriptor(i: number): number {
    return this.#descriptors[i] as number;
  }

  generation(i: number): number {
    return this.#generations[i] as number;
  }

  events(i: number): number {
    return this.#events[i] as number;
  }

  #grow(): void {
    const grow = (before: Int32Array<ArrayBuffer>) => {
      const after = new Int32Array(2 * before.length);
      after.set(before);
      return after;
    };
    this.#descriptors = grow(this.#descriptors);
    this.#generations = grow(this.#generations);
    this.#events = grow(this.#events);
  }
}
