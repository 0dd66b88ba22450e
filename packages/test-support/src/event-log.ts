import type { EventOf, ServerEvent, ServerEventType } from 'zocalo';
import { eventually } from './eventually.ts';
import type { TestServer } from './serving.ts';

const everything: readonly ServerEventType[] = [
  'listening',
  'accepted',
  'waiting',
  'refused',
  'opened',
  'message',
  'closed',
  'error',
  'notice',
  'draining',
  'stopped',
];

/** All that a server reports from now on, in order. */
export class EventLog {
  readonly all: ServerEvent[] = [];

  constructor(server: TestServer, types: readonly ServerEventType[] = everything) {
    for (const type of types) server.events.on(type, (event) => this.all.push(event));
  }

  /** Those of one type. */
  of<Type extends ServerEventType>(type: Type): EventOf<Type>[] {
    return this.all.filter((event): event is EventOf<Type> => event.type === type);
  }

  /** Waits until there are `count` of one type, and returns them. */
  async until<Type extends ServerEventType>(type: Type, count = 1): Promise<EventOf<Type>[]> {
    return eventually(`${count} events "${type}"`, () => {
      const found = this.of(type);
      return found.length >= count && found;
    });
  }

  /** The types, in order, of the events about one client. */
  typesFor(id: number): ServerEventType[] {
    return this.all.filter((event) => 'client' in event && event.client?.id === id).map(({ type }) => type);
  }
}
