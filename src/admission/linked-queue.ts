/** A place in a {@link LinkedQueue}. */
export type Place<Value> = {
  readonly value: Value;
  before: Place<Value> | undefined;
  behind: Place<Value> | undefined;
};

/** First in, first out; and whoever leaves from the midst costs no more than one who leaves at the front. */
export class LinkedQueue<Value> {
  first: Place<Value> | undefined;
  #last: Place<Value> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(value: Value): Place<Value> {
    const place: Place<Value> = { value, before: this.#last, behind: undefined };
    if (this.#last === undefined) this.first = place;
    else this.#last.behind = place;
    this.#last = place;
    this.#length++;
    return place;
  }

  /** @param place one of this queue's, which has not been removed */
  remove({ before, behind }: Place<Value>): void {
    if (before === undefined) this.first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    this.#length--;
  }

  *[Symbol.iterator](): Iterator<Value> {
    for (let place = this.first; place !== undefined; place = place.behind) yield place.value;
  }
}
