/** A node in a {@link LinkedQueue}. */
export type QueueNode<Value> = {
  readonly value: Value;
  previous: QueueNode<Value> | undefined;
  next: QueueNode<Value> | undefined;
};

/** First in, first out; removing from the middle costs no more than removing the first. */
export class LinkedQueue<Value> {
  first: QueueNode<Value> | undefined;
  last: QueueNode<Value> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(value: Value): QueueNode<Value> {
    const node: QueueNode<Value> = { value, previous: this.last, next: undefined };
    if (this.last === undefined) this.first = node;
    else this.last.next = node;
    this.last = node;
    this.#length++;
    return node;
  }

  /** @param node an entry of this queue that has not been removed */
  remove({ previous, next }: QueueNode<Value>): void {
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    this.#length--;
  }

  *[Symbol.iterator](): Iterator<Value> {
    for (let node = this.first; node !== undefined; node = node.next) yield node.value;
  }
}
